"use strict";
// Markdown as the plain text that it stands for: what only marks structure is left out.

const MARKS = [
  [/^ {0,3}(```|~~~).*$/gm, ""], // fences of code
  [/^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,}|=+)$/gm, ""], // rules and underlines
  [/^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:?)? *$\n?/gm, ""], // the line below the head of a table
  [/^ {0,3}(?:> ?)+/gm, ""], // quotations
  [/^ {0,3}#{1,6} +(.*?)(?: +#+)?$/gm, "$1"], // headings
  [/^( *)[-*+] +(?:\[[ xX]\] +)?/gm, "$1"], // lists
  [/^ *\|(.*)\| *$/gm, (_, cells) => cells.split("|").map((cell) => cell.trim()).join(" · ")],
  [/!?\[([^\]\n]*)\]\([^()\s]*(?:\s+"[^"\n]*")?\)/g, "$1"], // images and links
  [/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g, "$2"], // code
  [/(?<![\p{L}\p{N}*\\])(\*{1,3})(?=\S)([^*\n]+?)(?<=[^\s\\])\1(?![\p{L}\p{N}*])/gu, "$2"], // emphasis
  [/(?<![\p{L}\p{N}_\\])(_{1,3})(?=\S)([^_\n]+?)(?<=[^\s\\])\1(?![\p{L}\p{N}_])/gu, "$2"],
  [/~~(?=\S)([^~\n]+?)~~/g, "$1"],
  [/\\([\\`*_{}[\]()#+.!|~>-])/g, "$1"], // what was no mark
];

function plain(text) {
  return MARKS.reduce((left, [mark, text]) => left.replace(mark, text), text).trim();
}
