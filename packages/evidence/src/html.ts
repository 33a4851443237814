/** A report as one page of HTML, without script, and without anything that it loads. */
import type { Block } from "./document.ts";

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid; padding-bottom: .2rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .86rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
li { margin: .3rem 0; } .wide { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
`;

export function toHtml(blocks: readonly Block[]): string {
  const heading = blocks.find(({ kind }) => kind === "title");
  const name = heading?.kind === "title" ? escape(heading.text) : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}</title>
<style>${STYLE}</style>
</head>
<body>
${blocks.map(blockHtml).join("\n")}
</body>
</html>
`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "title":
      return `<h1>${escape(block.text)}</h1>`;
    case "heading":
      return `<h2>${escape(block.text)}</h2>`;
    case "text":
      return `<p>${escape(block.text)}</p>`;
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${escape(item)}</li>`).join("\n")}\n</ul>`;
    case "table":
      return tableHtml(block);
  }
}

function tableHtml({ columns, rows }: Extract<Block, { kind: "table" }>): string {
  const all = columns.reduce((sum, { weight }) => sum + weight, 0);
  const widths = columns.map(({ weight }) => `<col style="width:${((100 * weight) / all).toFixed(1)}%">`).join("");
  const isNamed = columns.some(({ title }) => title.trim() !== "");
  const head = isNamed
    ? `<thead><tr>${columns.map(({ title }) => `<th scope="col">${escape(title)}</th>`).join("")}</tr></thead>`
    : "";
  const body = rows.map(
    (cells) => `<tr>${cells.map((cell, at) => cellHtml(cell, !isNamed && at === 0)).join("")}</tr>`,
  );
  return `<div class="wide"><table><colgroup>${widths}</colgroup>${head}<tbody>\n${body.join("\n")}\n</tbody></table></div>`;
}

function cellHtml(cell: string, isName: boolean): string {
  return isName ? `<th scope="row">${escape(cell)}</th>` : `<td>${escape(cell)}</td>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Everything in a report may have been chosen by an agent. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
