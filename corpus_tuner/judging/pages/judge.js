"use strict";
// Text of the corpus is inserted as text, never as markup.

const $ = (id) => document.getElementById(id);
const MEANINGS = ["not relevant", "related", "relevant", "answers the query"];
let item = null;
let busy = false;
let judged = 0;
let reports = 0;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

async function request(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(path, options).catch(() => {
    throw new Error("corpus-tuner judge does not run any more: start it again, no grade is lost");
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.detail || `the answer was ${answer.status}`);
  return content;
}

// One request at a time, so that a key that is pressed twice grades one document.
async function act(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } catch (error) {
    say(error.message, true);
  } finally {
    busy = false;
  }
}

function showWhole(open) {
  $("text").hidden = !open;
  $("passage").hidden = open;
  $("whole").setAttribute("aria-expanded", open);
}

function showTurn(turn, said = "") {
  const { progress } = turn;
  const before = item;
  if (judged !== progress.queries_done) showReport(); // not awaited: the next key is for the next document
  judged = progress.queries_done;
  item = turn.item;
  $("judge").textContent = progress.judge;
  $("bar").max = progress.documents || 1;
  $("bar").value = progress.graded;
  const left = progress.minutes_left === null || !item ? "" : ` · about ${progress.minutes_left} min left`;
  $("bar").hidden = $("progress").hidden = progress.queries === 0;
  $("progress").textContent = `${progress.graded} of ${progress.documents} documents · ${progress.queries_done} of ${progress.queries} queries${left}`;
  $("card").hidden = !item;
  $("setup").hidden = progress.queries > 0;
  $("results").hidden = progress.queries === 0;
  if (!item) {
    say(progress.queries ? `${said} Everything is graded.`.trim() : said);
    if (progress.queries) $("results").open = true;
    return;
  }
  const newQuery = !before || before.query !== item.query;
  say(`${said}${newQuery && before ? " New query." : ""}`.trim());
  $("query").textContent = item.query_text;
  $("title").textContent = item.title || item.document;
  $("headings").textContent = item.headings.join(" > ");
  $("passage").textContent = item.passage;
  $("note").value = item.note;
  showWhole(false);
  for (const button of $("grades").children) button.setAttribute("aria-pressed", String(turn.undone) === button.value);
  $("title").focus({ preventScroll: true }); // a screen reader reads the new document
  window.scrollTo(0, 0);
}

function grade(value) {
  act(async () => {
    if (!item) return;
    const turn = await request("/grades", { query: item.query, document: item.document, grade: value, note: $("note").value });
    showTurn(turn, `Graded ${value}, ${MEANINGS[value]}.`);
  });
}

function undo() {
  act(async () => {
    const turn = await request("/undo", {});
    showTurn(turn, `Undone: it was ${turn.undone}.`);
  });
}

function toggleWhole() {
  act(async () => {
    if (!$("text").hidden) {
      showWhole(false);
      return;
    }
    const found = await request(`/document?${new URLSearchParams({ id: item.document })}`);
    const [before, ...after] = found.text.split(item.passage || found.text);
    $("text").replaceChildren(before, make("mark", {}, item.passage), after.join(item.passage));
    showWhole(true);
  });
}

const format = (value) => value.toFixed(3);

function formatInterval(interval) {
  if (!interval) return make("td", {}, "–");
  const range = interval.low === null ? null : make("small", {}, `${format(interval.low)} to ${format(interval.high)}`);
  return make("td", {}, format(interval.mean), range);
}

function makeTable(caption, names, rows) {
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  return make("table", { "aria-label": caption }, make("thead", {}, head), make("tbody", {}, ...rows));
}

function setOptions(select, options, chosen) {
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  select.value = options.some(([value]) => value === before) ? before : (options[chosen] || options[0] || [""])[0];
}

async function showReport() {
  if (!$("results").open) return;
  const turn = ++reports;
  const report = await request("/report").catch((error) => say(error.message, true));
  if (!report || turn !== reports) return;
  const partly = report.judged < report.queries ? " Those that tell systems apart most come first, so the values of the systems may change with the rest." : "";
  $("summary").textContent = report.judged
    ? `${report.judged} of ${report.queries} queries are judged completely; intervals have a confidence of 95 %.${report.sample ? "" : partly}`
    : "No query is judged completely yet.";
  const names = report.systems.length ? Object.keys(report.systems[0].measures) : [];
  const first = report.systems.length ? report.systems[0].system : "";
  const more = report.sample ? [`${names[0]} with ${report.model}`, `by ${report.sample} random queries only`] : [];
  const rows = report.systems.map((own) => make(
    "tr", {}, make("th", { scope: "row" }, own.system),
    ...names.map((name) => formatInterval(own.measures[name])), formatInterval(own.difference),
    ...(report.sample ? [formatInterval(own.predicted), formatInterval(own.people)] : []),
  ));
  $("systems").replaceChildren(...(rows.length ? [makeTable("Measures of systems", ["system", ...names, `${names[0]} − ${first}`, ...more], rows)] : []));
  const pairs = report.agreement.map((own) => make(
    "tr", {}, make("th", { scope: "row" }, own.judges.join(" and ")),
    ...[own.documents, format(own.kappa), format(own.weighted)].map((value) => make("td", {}, String(value))),
  ));
  $("agreement").replaceChildren(...(pairs.length ? [makeTable("Agreement of judges", ["judges", "documents", "Cohen's kappa", "quadratic weights"], pairs)] : []));
  $("standings").replaceChildren(...report.standings.map((own) => make(
    "li", {}, make("bdi", {}, own.text), own.judged ? " (judged)" : ` (${own.separation.toFixed(2)})`,
  )));
  setOptions($("pair-query"), report.standings.filter((own) => own.judged).map((own) => [own.query, own.text]), 0);
  const systems = report.systems.map((own) => [own.system, own.system]);
  setOptions($("left"), systems, 0);
  setOptions($("right"), systems, 1);
  await comparePair();
}

async function comparePair() {
  const query = $("pair-query").value;
  $("rankings").replaceChildren();
  if (!query) return;
  const wanted = new URLSearchParams([["query", query], ["system", $("left").value], ["system", $("right").value]]);
  const found = await request(`/compare?${wanted}`).catch(() => ({}));
  $("rankings").replaceChildren(...[...wanted.getAll("system")].filter((name) => found[name]).map((name) => make(
    "section", { "aria-label": name }, make("b", {}, name),
    make("ol", {}, ...found[name].map((own) => make("li", {}, make("bdi", {}, own.title || own.id), make("b", {}, ` · ${own.grade === null ? "–" : own.grade}`)))),
  )));
}

document.addEventListener("DOMContentLoaded", () => {
  $("grades").replaceChildren(...MEANINGS.map((meaning, value) => {
    const button = make("button", { type: "button", value, "aria-keyshortcuts": value, "aria-pressed": "false" }, make("b", {}, String(value)), meaning);
    button.addEventListener("click", () => grade(value));
    return button;
  }));
  $("undo").addEventListener("click", undo);
  $("whole").addEventListener("click", toggleWhole);
  $("results").addEventListener("toggle", showReport);
  $("pair").addEventListener("change", comparePair);
  $("setup").addEventListener("submit", (event) => {
    event.preventDefault();
    act(async () => {
      say("searching …");
      showTurn(await request("/queries", { texts: $("texts").value.split("\n").filter((line) => line.trim()) }));
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select")) {
      if (event.target === $("note") && ["Enter", "Escape"].includes(event.key)) $("title").focus();
      return;
    }
    if ($("card").hidden && event.key !== "u") return;
    if (/^[0-3]$/.test(event.key) && !event.repeat) grade(Number(event.key));
    else if (event.key === "u" && !event.repeat) undo();
    else if (event.key === "d") toggleWhole();
    else if (event.key === "n") $("note").focus();
    else return;
    event.preventDefault();
  });
  act(async () => {
    const turn = await request("/next");
    if (turn.progress.queries === 0) $("texts").value = (await request("/proposals")).join("\n");
    showTurn(turn);
  });
});
