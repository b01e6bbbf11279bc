"use strict";
// Everything from the corpus is put in as text, never as markup.

const $ = (id) => document.getElementById(id);
let turns = 0;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  if (answer.status === 401) {
    const given = window.prompt("This index asks for a token:");
    if (given) {
      sessionStorage.setItem("token", given);
      return ask(path, body);
    }
  }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail || `the answer was ${answer.status}`);
  return content;
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

function rank(name, position, part) {
  const value = ` (${part < 0 ? "" : "+"}${part.toFixed(2)})`;
  return make("span", {}, `${name} `, make("b", {}, position === null ? "–" : `${position}`), value);
}

function article(hit) {
  const words = new Set(hit.matched);
  const address = `?${new URLSearchParams({ document: hit.id })}`;
  const title = hit.title || hit.id;
  return make(
    "article",
    { class: "hit" },
    make("h2", {}, `${hit.rank}. `, make("a", { href: address }, marked(title, words))),
    make("p", {}, snippet(hit.text, words)),
    make("p", { class: "why" }, make("span", { class: "kind" }, hit.view.kind), snippet(hit.view.text, words, 200)),
    make(
      "div",
      { class: "ranks" },
      make("span", {}, "score ", make("b", {}, hit.score.toFixed(3))),
      ...Object.entries(hit.rankers).map(([name, own]) => rank(name, own.rank, own.part)),
      make("span", {}, hit.id),
    ),
  );
}

async function search(query, mode, k) {
  const turn = ++turns;
  document.title = `${query} · corpus-tuner`;
  say("searching …");
  try {
    const answer = await ask("/v1/search", { query, k: Number(k), explain: true, ...(mode ? { mode } : {}) });
    if (turn !== turns) return;
    const hits = answer.results[0].hits;
    $("main").replaceChildren(...hits.map(article));
    say(hits.length ? `${hits.length} documents in ${answer.took_ms.toFixed(0)} ms` : "nothing was found");
  } catch (error) {
    if (turn === turns) say(error.message, true);
  }
}

function item(view, ...more) {
  return make("li", {}, make("span", { class: "kind" }, view.kind), view.text, ...more);
}

async function show(id) {
  const turn = ++turns;
  say("");
  try {
    const found = await ask(`/v1/documents/${id.split("/").map(encodeURIComponent).join("/")}`);
    if (turn !== turns) return;
    document.title = `${found.title || found.id} · corpus-tuner`;
    const facts = Object.entries(found.metadata).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    const parts = [
      make("h1", {}, found.title || found.id),
      make("p", { class: "dim small" }, [found.id, ...facts].join(" · ")),
      make("p", { class: "body" }, found.text),
      make("h3", {}, `${found.views.length} views`),
      make("ul", { class: "views" }, ...found.views.map((view) => item(
        view,
        view.support ? make("div", { class: "dim small" }, `rests on: ${view.support}`) : null,
      ))),
    ];
    if (found.rejected.length) {
      parts.push(
        make("h3", {}, `${found.rejected.length} rejected`),
        make("ul", { class: "views" }, ...found.rejected.map((view) => item(
          view,
          make("div", { class: "reason" }, `${view.check}: ${view.reason}`),
        ))),
      );
    }
    $("main").replaceChildren(...parts);
    window.scrollTo(0, 0);
  } catch (error) {
    if (turn === turns) say(error.message, true);
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
  for (const option of document.getElementsByName("mode")) option.checked = option.value === mode;
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
  for (const control of [$("modes"), $("k")]) control.addEventListener("change", submit);
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
  ask("/v1/index").then((index) => {
    $("index").textContent = `${index.documents.toLocaleString()} documents · ${index.language} · ${index.encoder}`;
    for (const option of document.getElementsByName("mode")) {
      option.disabled = !index.lexical && ["hybrid", "lexical"].includes(option.value);
    }
  }).catch((error) => say(error.message, true));
  follow();
});
