"use strict";
// Text of the corpus is inserted as text, never as markup.

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

function showStatus(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

async function request(path) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.status === 401) {
    showSignIn(token);
    throw new Error("");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.detail || `the answer was ${answer.status}`);
  return content;
}

function showSignIn(refused) {
  turns += 1; // responses that arrive later are not shown
  sessionStorage.removeItem("token");
  if (refused) $("sign-in-error").textContent = "This is not the token of this index.";
  $("sign-in").hidden = false;
  $("form").hidden = $("sign-out").hidden = true;
  $("main").replaceChildren();
  showStatus("");
  $("token").focus();
}

const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;

const LETTER = `(?!${UNSPACED.source})[\\p{L}\\p{N}\\p{M}_]`;

// Return a pattern that finds words in a text, the longest first.
function makePattern(words) {
  const spelled = [...words].sort((one, other) => other.length - one.length).map((word) => {
    const literal = word.replace(/[^\p{L}\p{N}\p{M}_\s]/gu, (found) => `\\u{${found.codePointAt(0).toString(16)}}`);
    return UNSPACED.test(word) ? literal : `(?<!${LETTER})${literal}(?!${LETTER})`;
  });
  return new RegExp(spelled.join("|") || "(?!)", "gu");
}

function highlight(text, words) {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(words)) {
    parts.append(text.slice(end, found.index), make("mark", {}, found[0]));
    end = found.index + found[0].length;
  }
  parts.append(text.slice(end));
  return parts;
}

// Return the part of a text with the first highlighted word.
function cutSnippet(text, words, size = 280) {
  const first = Math.max(0, text.search(words));
  let start = Math.max(0, first - 80);
  let end = Math.min(text.length, start + size);
  // Not in the middle of a word, in scripts that separate words by spaces.
  if (start > 0) start += text.slice(start, first).indexOf(" ") + 1;
  const space = text.slice(start, end).lastIndexOf(" ");
  if (end < text.length && space > 0) end = start + space;
  return highlight((start > 0 ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : ""), words);
}

const IMPROBABLE = 0.01; // less probable hits are dimmed

function formatPercent(probability) {
  return probability < IMPROBABLE ? "< 1 %" : `${Math.round(100 * probability)} %`;
}

function renderRank(name, position, part) {
  const value = ` (${part < 0 ? "" : "+"}${part.toFixed(2)})`;
  return make("span", {}, `${name} `, make("b", {}, position === null ? "–" : `${position}`), value);
}

function renderSimilar(ids) {
  if (!ids.length) return null;
  const links = ids.map((id) => make("li", {}, make("a", { href: `?${new URLSearchParams({ document: id })}` }, id)));
  return make("details", { class: "similar" }, make("summary", {}, `and ${ids.length} like it`), make("ul", {}, ...links));
}

function renderHit(hit) {
  const words = makePattern(hit.matched);
  const address = `?${new URLSearchParams({ document: hit.id })}`;
  const title = [hit.title || hit.id, ...hit.passage.headings].join(" > ");
  return make(
    "article",
    { class: hit.probability !== null && hit.probability < IMPROBABLE ? "hit improbable" : "hit" },
    make("h2", {}, `${hit.rank}. `, make("a", { href: address }, highlight(title, words))),
    make("p", {}, cutSnippet(plain(hit.passage.text), words)),
    renderSimilar(hit.similar),
    make("p", { class: "why" }, make("span", { class: "kind" }, hit.view.kind), cutSnippet(plain(hit.view.text), words, 200)),
    make(
      "div",
      { class: "ranks" },
      make("span", {}, "score ", make("b", {}, hit.score.toFixed(3))),
      ...(hit.probability === null ? [] : [make("span", {}, "probability ", make("b", {}, formatPercent(hit.probability)))]),
      ...Object.entries(hit.rankers).map(([name, own]) => renderRank(name, own.rank, own.part)),
      make("span", {}, hit.id),
      hit.passage.page === null ? null : make("span", {}, `page ${hit.passage.page}`),
    ),
  );
}

async function search(wanted) {
  const turn = ++turns;
  document.title = `${wanted.get("q")} · corpus-tuner`;
  showStatus("searching …");
  try {
    const answer = await request(`/v1/search?${new URLSearchParams([...wanted, ["explain", "true"], ["fields", "title"]])}`);
    if (turn !== turns) return;
    const hits = answer.results[0].hits;
    $("main").replaceChildren(...hits.map(renderHit));
    showStatus(hits.length ? `${hits.length} documents in ${answer.took_ms.toFixed(0)} ms` : "nothing was found");
  } catch (error) {
    if (turn !== turns) return;
    $("main").replaceChildren();
    const filtered = wanted.has("filter") && error.message.includes("filter");
    showStatus(filtered ? "" : error.message, true);
    $("filter-error").textContent = filtered ? error.message : "";
    $("filter").setAttribute("aria-invalid", filtered);
  }
}

function renderView(view, ...more) {
  return make("li", {}, make("span", { class: "kind" }, view.kind), view.text, ...more);
}

async function show(id) {
  const turn = ++turns;
  showStatus("");
  try {
    const found = await request(`/v1/documents/${id.split("/").map(encodeURIComponent).join("/")}`);
    if (turn !== turns) return;
    document.title = `${found.title || found.id} · corpus-tuner`;
    const facts = Object.entries(found.metadata).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    const parts = [
      make("h1", {}, found.title || found.id),
      make("p", { class: "dim small" }, [found.id, ...facts].join(" · ")),
      make("p", { class: "body" }, found.text.replaceAll("\f", "")), // the ends of pages
      make("h3", {}, `${found.views.length} views`),
      make("ul", { class: "views" }, ...found.views.map((view) => renderView(
        view,
        view.support ? make("div", { class: "dim small" }, `rests on: ${view.support}`) : null,
      ))),
    ];
    if (found.rejected.length) {
      parts.push(
        make("h3", {}, `${found.rejected.length} rejected`),
        make("ul", { class: "views" }, ...found.rejected.map((view) => renderView(
          view,
          make("div", { class: "reason" }, `${view.check}: ${view.reason}`),
        ))),
      );
    }
    $("main").replaceChildren(...parts);
    window.scrollTo(0, 0);
  } catch (error) {
    if (turn === turns) showStatus(error.message, true);
  }
}

// Parameters of the URL go to the service unchecked: its errors say what is wrong.
function readUrl() {
  const address = new URLSearchParams(window.location.search);
  $("filter-error").textContent = "";
  $("filter").removeAttribute("aria-invalid");
  if (address.has("document")) {
    show(address.get("document"));
    return;
  }
  const wanted = new URLSearchParams();
  for (const name of ["q", "k", "mode", "collapse"]) if (address.get(name)) wanted.set(name, address.get(name));
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
    showStatus("");
    $("main").replaceChildren();
  }
}

function navigate(address) {
  window.history.pushState(null, "", address);
  readUrl();
}

function submit() {
  const mode = document.querySelector("input[name=mode]:checked")?.value;
  const wanted = { q: $("query").value, k: $("k").value, mode, filter: $("filter").value.trim() };
  if (!wanted.q.trim()) return;
  navigate(`?${new URLSearchParams(Object.entries(wanted).filter(([, value]) => value))}`);
}

function start() {
  request("/v1/index").then((index) => {
    const percent = (share) => `${Number((100 * share).toPrecision(3))}%`;
    const languages = Object.entries(index.languages).map(([code, share]) => `${code} ${percent(share)}`).join(", ");
    $("index").textContent = `${index.documents.toLocaleString()} documents · ${languages || index.language} · ${index.encoder}`;
    $("sign-out").hidden = !sessionStorage.getItem("token");
    for (const option of document.getElementsByName("mode")) {
      option.disabled = !index.lexical && ["hybrid", "lexical"].includes(option.value);
    }
    readUrl();
  }).catch((error) => showStatus(error.message, true));
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
    start();
  });
  $("sign-out").addEventListener("click", () => {
    $("index").textContent = "";
    showSignIn();
  });
  for (const control of [$("modes"), $("k")]) control.addEventListener("change", submit);
  window.addEventListener("popstate", readUrl);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='?']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    navigate(link.getAttribute("href"));
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
  start();
});
