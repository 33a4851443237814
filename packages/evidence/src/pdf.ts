/** A report as PDF. */
import { createRequire } from "node:module";
import { setImmediate as giveWay } from "node:timers/promises";
import PDFDocument from "pdfkit";
import type { Block, Column } from "./document.ts";

const MARGIN = 42;
const SIZES = { title: 20, heading: 13, text: 9.5, table: 7.5 } as const;
/** A cell longer than this would not fit a page; what is left out is in the data. */
const CELL_CHARACTERS = 900;

/** @param madeAt milliseconds since 1970, for the file's own date */
export async function toPdf(blocks: readonly Block[], madeAt: number): Promise<Uint8Array> {
  const font = createRequire(import.meta.url).resolve;
  const document = new PDFDocument({
    size: "A4",
    margin: MARGIN,
    bufferPages: true,
    info: { Title: "Evidence of agent runs", CreationDate: new Date(madeAt) },
  });
  // Fonts of the format itself know Latin letters only; names of files and people have others.
  document.registerFont("plain", font("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"));
  document.registerFont("bold", font("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"));
  const chunks: Buffer[] = [];
  document.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => document.once("end", resolve));
  for (const block of blocks) await draw(document, block);
  numberPages(document);
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

type Pdf = InstanceType<typeof PDFDocument>;

async function draw(pdf: Pdf, block: Block): Promise<void> {
  switch (block.kind) {
    case "title":
      pdf.font("bold").fontSize(SIZES.title).text(block.text).moveDown(0.6);
      return;
    case "heading":
      // A heading alone at the foot of a page helps nobody.
      if (pdf.y > pdf.page.height - 140) pdf.addPage();
      pdf.moveDown(1).font("bold").fontSize(SIZES.heading).text(block.text, MARGIN).moveDown(0.4);
      return;
    case "text":
      pdf.font("plain").fontSize(SIZES.text).text(block.text, MARGIN).moveDown(0.4);
      return;
    case "list":
      pdf
        .font("plain")
        .fontSize(SIZES.text)
        .list([...block.items], MARGIN, pdf.y, { bulletRadius: 1.6, paragraphGap: 3 });
      return;
    case "table":
      await drawTable(pdf, block.columns, block.rows);
  }
}

/** Others go on between rows: a server that makes one has hosts that send meanwhile. */
async function drawTable(pdf: Pdf, columns: readonly Column[], rows: readonly (readonly string[])[]): Promise<void> {
  const all = columns.reduce((sum, { weight }) => sum + weight, 0);
  const width = pdf.page.width - 2 * MARGIN;
  const widths = columns.map(({ weight }) => (width * weight) / all);
  pdf.fontSize(SIZES.table);
  const titles = columns.map(({ title }) => title);
  const isNamed = titles.some((name) => name.trim() !== "");
  if (isNamed) drawRow(pdf, widths, titles, "bold");
  for (const cells of rows) {
    const height = heightOf(pdf, widths, cells, "plain");
    if (pdf.y + height > pdf.page.height - MARGIN) {
      pdf.addPage();
      if (isNamed) drawRow(pdf, widths, titles, "bold");
    }
    drawRow(pdf, widths, cells, "plain");
    await giveWay();
  }
  pdf.x = MARGIN;
}

function cut(cell: string): string {
  return cell.length <= CELL_CHARACTERS ? cell : `${cell.slice(0, CELL_CHARACTERS)}…`;
}

const PADDING = 3;

type Font = "plain" | "bold";

function heightOf(pdf: Pdf, widths: readonly number[], cells: readonly string[], font: Font): number {
  pdf.font(font).fontSize(SIZES.table);
  const heights = cells.map((cell, at) => pdf.heightOfString(cut(cell), { width: (widths[at] ?? 0) - 2 * PADDING }));
  return Math.max(...heights, SIZES.table) + 2 * PADDING;
}

function drawRow(pdf: Pdf, widths: readonly number[], cells: readonly string[], font: Font): void {
  const height = heightOf(pdf, widths, cells, font);
  const top = pdf.y;
  let left = MARGIN;
  for (const [at, cell] of cells.entries()) {
    const width = widths[at] ?? 0;
    pdf
      .font(font)
      .fontSize(SIZES.table)
      .text(cut(cell), left + PADDING, top + PADDING, { width: width - 2 * PADDING });
    left += width;
  }
  pdf
    .moveTo(MARGIN, top + height)
    .lineTo(left, top + height)
    .lineWidth(0.3)
    .strokeColor("#999999")
    .stroke();
  pdf.y = top + height;
}

function numberPages(pdf: Pdf): void {
  const { start, count } = pdf.bufferedPageRange();
  for (let page = start; page < start + count; page++) {
    pdf.switchToPage(page);
    // Below the margin, where text would otherwise begin another page.
    pdf.page.margins.bottom = 0;
    pdf
      .font("plain")
      .fontSize(7)
      .text(`${String(page + 1)} of ${String(count)}`, MARGIN, pdf.page.height - 28, { align: "right" });
  }
}
