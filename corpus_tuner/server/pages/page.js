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

async function ask(path) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.status === 401) {
    askForToken(token);
    throw new Error("");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.detail || `the answer was ${answer.status}`);
  return content;
}

function askForToken(refused) {
  turns += 1; // whatever comes now is not for whoever sees this
  sessionStorage.removeItem("token");
  if (refused) $("sign-in-error").textContent = "This is not the token of this index.";
  $("sign-in").hidden = false;
  $("form").hidden = $("sign-out").hidden = true;
  $("main").replaceChildren();
  say("");
  $("token").focus();
}

const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;

const LETTER = `(?!${UNSPACED.source})[\\p{L}\\p{N}\\p{M}_]`;

// The pattern that finds words in a text, the longest first.
function pattern(words) {
  const spelled = [...words].sort((one, other) => other.length - one.length).map((word) => {
    const literal = word.replace(/[^\p{L}\p{N}\p{M}_\s]/gu, (found) => `\\u{${found.codePointAt(0).toString(16)}}`);
    return UNSPACED.test(word) ? literal : `(?<!${LETTER})${literal}(?!${LETTER})`;
  });
  return new RegExp(spelled.join("|") || "(?!)", "gu");
}

function marked(text, words) {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(words)) {
    parts.append(text.slice(end, found.index), make("mark", {}, found[0]));
    end = found.index + found[0].length;
  }
  parts.append(text.slice(end));
  return parts;
}

// The part of a text with the first word that is marked.
function snippet(text, words, size = 280) {
  const first = Math.max(0, text.search(words));
  let start = Math.max(0, first - 80);
  let end = Math.min(text.length, start + size);
  // Not in the middle of a word, where spaces set words apart.
  if (start > 0) start += text.slice(start, first).indexOf(" ") + 1;
  const space = text.slice(start, end).lastIndexOf(" ");
  if (end < text.length && space > 0) end = start + space;
  return marked((start > 0 ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : ""), words);
}

const IMPROBABLE = 0.01; // less probable hits are dimmed

function percent(probability) {
  return probability < IMPROBABLE ? "< 1 %" : `${Math.round(100 * probability)} %`;
}

function rank(name, position, part) {
  const value = ` (${part < 0 ? "" : "+"}${part.toFixed(2)})`;
  return make("span", {}, `${name} `, make("b", {}, position === null ? "–" : `${position}`), value);
}

function article(hit) {
  const words = pattern(hit.matched);
  const address = `?${new URLSearchParams({ document: hit.id })}`;
  const title = hit.title || hit.id;
  return make(
    "article",
    { class: hit.probability !== null && hit.probability < IMPROBABLE ? "hit improbable" : "hit" },
    make("h2", {}, `${hit.rank}. `, make("a", { href: address }, marked(title, words))),
    make("p", {}, snippet(plain(hit.passage.text), words)),
    make("p", { class: "why" }, make("span", { class: "kind" }, hit.view.kind), snippet(plain(hit.view.text), words, 200)),
    make(
      "div",
      { class: "ranks" },
      make("span", {}, "score ", make("b", {}, hit.score.toFixed(3))),
      ...(hit.probability === null ? [] : [make("span", {}, "probability ", make("b", {}, percent(hit.probability)))]),
      ...Object.entries(hit.rankers).map(([name, own]) => rank(name, own.rank, own.part)),
      make("span", {}, hit.id),
      hit.passage.page === null ? null : make("span", {}, `page ${hit.passage.page}`),
    ),
  );
}

async function search(wanted) {
  const turn = ++turns;
  document.title = `${wanted.get("q")} · corpus-tuner`;
  say("searching …");
  try {
    const answer = await ask(`/v1/search?${new URLSearchParams([...wanted, ["explain", "true"], ["fields", "title"]])}`);
    if (turn !== turns) return;
    const hits = answer.results[0].hits;
    $("main").replaceChildren(...hits.map(article));
    say(hits.length ? `${hits.length} documents in ${answer.took_ms.toFixed(0)} ms` : "nothing was found");
  } catch (error) {
    if (turn !== turns) return;
    $("main").replaceChildren();
    const filtered = wanted.has("filter") && error.message.includes("filter");
    say(filtered ? "" : error.message, true);
    $("filter-error").textContent = filtered ? error.message : "";
    $("filter").setAttribute("aria-invalid", filtered);
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
      make("p", { class: "body" }, found.text.replaceAll("\f", "")), // the ends of pages
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

// What an address asks for goes to the service as it is, which says what is wrong with it.
function follow() {
  const address = new URLSearchParams(window.location.search);
  $("filter-error").textContent = "";
  $("filter").removeAttribute("aria-invalid");
  if (address.has("document")) {
    show(address.get("document"));
    return;
  }
  const wanted = new URLSearchParams();
  for (const name of ["q", "k", "mode"]) if (address.get(name)) wanted.set(name, address.get(name));
  for (const filter of address.getAll("filter")) if (filter.trim()) wanted.append("filter", filter);
  $("query").value = wanted.get("q") || "";
  const k = wanted.get("k") || "10";
  $("k").value = /^\d+$/.test(k) ? k : "";
  $("filter").value = wanted.getAll("filter").join(" AND ");
  const mode = wanted.get("mode") || "";
  for (const option of document.getElementsByName("mode")) option.checked = option.value === mode;
  if ($("query").value.trim()) {
    search(wanted);
  } else {
    turns += 1;
    say("");
    $("main").replaceChildren();
  }
}

function go(address) {
  window.history.pushState(null, "", address);
  follow();
}

function submit() {
  const mode = document.querySelector("input[name=mode]:checked")?.value;
  const wanted = { q: $("query").value, k: $("k").value, mode, filter: $("filter").value.trim() };
  if (!wanted.q.trim()) return;
  go(`?${new URLSearchParams(Object.entries(wanted).filter(([, value]) => value))}`);
}

function begin() {
  ask("/v1/index").then((index) => {
    const percent = (share) => `${Number((100 * share).toPrecision(3))}%`;
    const languages = Object.entries(index.languages).map(([code, share]) => `${code} ${percent(share)}`).join(", ");
    $("index").textContent = `${index.documents.toLocaleString()} documents · ${languages || index.language} · ${index.encoder}`;
    $("sign-out").hidden = !sessionStorage.getItem("token");
    for (const option of document.getElementsByName("mode")) {
      option.disabled = !index.lexical && ["hybrid", "lexical"].includes(option.value);
    }
    follow();
  }).catch((error) => say(error.message, true));
}

document.addEventListener("DOMContentLoaded", () => {
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  $("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem("token", $("token").value);
    $("token").value = $("sign-in-error").textContent = "";
    $("sign-in").hidden = true;
    $("form").hidden = false;
    begin();
  });
  $("sign-out").addEventListener("click", () => {
    $("index").textContent = "";
    askForToken();
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
    if (event.target.matches("input:not(#query)[type=text], input[type=number], input[type=password]") || event.ctrlKey || event.metaKey || event.altKey) return;
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
  begin();
});
