"use strict";
// Everything from the corpus is put in as text, never as markup.

const $ = (id) => document.getElementById(id);
let asked = 0;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function tell(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  if (answer.status === 401) {
    const told = window.prompt("This index asks for a token:");
    if (told) {
      sessionStorage.setItem("token", told);
      return ask(path, body);
    }
  }
  const said = await answer.json();
  if (!answer.ok) {
    const detail = Array.isArray(said.detail) ? said.detail.map((each) => each.msg).join("; ") : said.detail;
    throw new Error(detail || `the answer was ${answer.status}`);
  }
  return said;
}

const WORD = /[\p{L}\p{N}\p{M}_]+/gu;

function marked(text, words) {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(WORD)) {
    if (!words.has(found[0])) continue;
    parts.append(text.slice(end, found.index), make("mark", {}, found[0]));
    end = found.index + found[0].length;
  }
  parts.append(text.slice(end));
  return parts;
}

// The part of a text with the first word that is marked.
function snippet(text, words, size = 280) {
  const first = [...text.matchAll(WORD)].find((found) => words.has(found[0]))?.index ?? 0;
  let start = Math.max(0, first - 80);
  let end = Math.min(text.length, start + size);
  // Not in the middle of a word, where spaces set words apart.
  if (start > 0) start += text.slice(start, first).indexOf(" ") + 1;
  const space = text.slice(start, end).lastIndexOf(" ");
  if (end < text.length && space > 0) end = start + space;
  return marked((start > 0 ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : ""), words);
}

function rank(name, place, score) {
  const told = place === null ? "–" : `${place}`;
  const value = score === null ? "" : ` (${score.toFixed(2)})`;
  return make("span", {}, `${name} `, make("b", {}, told), value);
}

function hit(each) {
  const words = new Set(each.matched);
  const address = `?${new URLSearchParams({ document: each.id })}`;
  const title = each.title || each.id;
  return make(
    "article",
    { class: "hit" },
    make("h2", {}, `${each.rank}. `, make("a", { href: address }, marked(title, words))),
    make("p", {}, snippet(each.text, words)),
    make("p", { class: "why" }, make("span", { class: "kind" }, each.view.kind), snippet(each.view.text, words, 200)),
    make(
      "div",
      { class: "ranks" },
      rank("rank", each.rank, each.score),
      rank("by vectors", each.dense_rank, each.dense),
      rank("by words", each.words_rank, each.words),
      make("span", {}, each.id),
    ),
  );
}

async function search(query, mode, k) {
  const turn = ++asked;
  document.title = `${query} · corpus-tuner`;
  tell("searching …");
  try {
    const said = await ask("/v1/search", { query, k: Number(k), explain: true, ...(mode ? { mode } : {}) });
    if (turn !== asked) return;
    const hits = said.results[0].hits;
    $("main").replaceChildren(...hits.map(hit));
    tell(hits.length ? `${hits.length} documents in ${said.took_ms.toFixed(0)} ms` : "nothing was found");
  } catch (error) {
    if (turn === asked) tell(error.message, true);
  }
}

function item(view, ...more) {
  return make("li", {}, make("span", { class: "kind" }, view.kind), view.text, ...more);
}

async function show(id) {
  const turn = ++asked;
  tell("");
  try {
    const said = await ask(`/v1/documents/${id.split("/").map(encodeURIComponent).join("/")}`);
    if (turn !== asked) return;
    document.title = `${said.title || said.id} · corpus-tuner`;
    const facts = Object.entries(said.metadata).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    const parts = [
      make("h1", {}, said.title || said.id),
      make("p", { class: "dim small" }, [said.id, ...facts].join(" · ")),
      make("p", { class: "body" }, said.text),
      make("h3", {}, `${said.views.length} views`),
      make("ul", { class: "views" }, ...said.views.map((view) => item(
        view,
        view.support ? make("div", { class: "dim small" }, `rests on: ${view.support}`) : null,
      ))),
    ];
    if (said.rejected.length) {
      parts.push(
        make("h3", {}, `${said.rejected.length} rejected`),
        make("ul", { class: "views" }, ...said.rejected.map((view) => item(
          view,
          make("div", { class: "reason" }, `${view.check}: ${view.reason}`),
        ))),
      );
    }
    $("main").replaceChildren(...parts);
    window.scrollTo(0, 0);
  } catch (error) {
    if (turn === asked) tell(error.message, true);
  }
}

function follow() {
  const wanted = new URLSearchParams(window.location.search);
  if (wanted.has("document")) {
    show(wanted.get("document"));
    return;
  }
  $("query").value = wanted.get("q") || "";
  $("k").value = wanted.get("k") || "10";
  const mode = wanted.get("mode") || "";
  for (const each of document.getElementsByName("mode")) each.checked = each.value === mode;
  if ($("query").value.trim()) search($("query").value, mode, $("k").value);
  else $("main").replaceChildren();
}

function go(address) {
  window.history.pushState(null, "", address);
  follow();
}

function submit() {
  const query = $("query").value;
  if (!query.trim()) return;
  const mode = document.querySelector("input[name=mode]:checked").value;
  go(`?${new URLSearchParams({ q: query, k: $("k").value, ...(mode ? { mode } : {}) })}`);
}

document.addEventListener("DOMContentLoaded", () => {
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  for (const each of [$("modes"), $("k")]) each.addEventListener("change", submit);
  window.addEventListener("popstate", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='?']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === $("query");
    const links = [...document.querySelectorAll(".hit h2 a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      $("query").focus();
    } else if (event.key === (typing ? "ArrowDown" : "j") && links.length) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "k" && !typing && links.length) {
      links[Math.max(at - 1, 0)].focus();
    }
  });
  ask("/v1/index").then((said) => {
    $("index").textContent = `${said.documents.toLocaleString()} documents · ${said.language} · ${said.encoder}`;
    for (const each of document.getElementsByName("mode")) {
      each.disabled = !said.words && ["hybrid", "lexical"].includes(each.value);
    }
  }).catch((error) => tell(error.message, true));
  follow();
});
