// Rules of this folder that a compiler does not know.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "../src/text/en";
import { EVENT } from "../src/text/event";
import { OPEN_ITEMS } from "../src/text/open-items";
import { RECEIPT } from "../src/text/receipt";
import { RELIED } from "../src/text/relied";
import { zh } from "../src/text/zh";

const ROOT = join(import.meta.dirname, "..");
const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|vue|css)$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(ROOT, "src", name), "utf8") }));

function breaches(pattern: RegExp, allowed: (name: string) => boolean = () => false): string[] {
  return sources
    .filter(({ name, text }) => pattern.test(text) && !allowed(name))
    .map(({ name }) => name);
}

test("only tauri.ts imports the Tauri packages", () => {
  expect(sources.length).toBeGreaterThan(30);
  expect(breaches(/from "@tauri-apps\//)).toEqual(["tauri.ts"]);
});

test("parts have no access to the host", () => {
  expect(breaches(/from "\.\.\/(host|tauri|demo)/, (name) => !name.startsWith("parts/"))).toEqual(
    [],
  );
});

test("the demo is imported by the demo's own pages only", () => {
  expect(breaches(/from "\.\/demo/, (name) => name.startsWith("demo"))).toEqual([]);
  expect(breaches(/from "\.\.\/demo/)).toEqual([]);
});

test("no text is ever taken for markup, and nothing is compiled while the page runs", () => {
  expect(breaches(/v-html|innerHTML|\beval\(|new Function/)).toEqual([]);
});

test("no template carries an inline style, which the CSP would drop", () => {
  expect(breaches(/<[^>]*\sstyle="/)).toEqual([]);
  for (const page of ["index.html", "customer.html"]) {
    expect(readFileSync(join(ROOT, page), "utf8")).not.toMatch(
      /style=|<style|onload|<script(?! type="module" src=)/,
    );
  }
});

test("sentences live in text/ and nowhere else", () => {
  const han = /\p{Script=Han}/u;
  const breaking = sources
    .filter(
      ({ name }) =>
        !name.startsWith("text/") && !name.startsWith("demo") && !name.startsWith("bindings/"),
    )
    .filter(({ text }) => han.test(withoutComments(text)))
    .map(({ name }) => name);
  expect(breaking).toEqual([]);
});

test("no any, no default export, no file above 600 lines", () => {
  expect(breaches(/: any\b|as any\b|<any>|export default/)).toEqual([]);
  expect(
    sources.filter(({ text }) => text.split("\n").length > 600).map(({ name }) => name),
  ).toEqual([]);
});

test("both languages have the same keys and no empty sentence", () => {
  expect(keysOf(en)).toEqual(keysOf(zh));
  expect(emptyIn(zh).filter(mayNotBeEmpty)).toEqual([]);
  // English puts nothing before the seconds.
  expect(emptyIn(en).filter(mayNotBeEmpty)).toEqual(["left.before"]);
  expect(keysOf(RECEIPT.en)).toEqual(keysOf(RECEIPT.zh));
  expect(keysOf(EVENT.en)).toEqual(keysOf(EVENT.zh));
  expect(keysOf(OPEN_ITEMS.en)).toEqual(keysOf(OPEN_ITEMS.zh));
  expect(emptyIn({ RECEIPT, EVENT, OPEN_ITEMS })).toEqual([]);
});

test("every line of what the till relies on says what to do, unless nothing is to be done", () => {
  expect(keysOf(RELIED.en)).toEqual(keysOf(RELIED.zh));
  const nothing = [
    "channel.ready.todo",
    "hearing.asking.todo",
    "hearing.listening.todo",
    "disk.good.todo",
    "clock.good.todo",
    "backup.good.todo",
    "backup.practice.todo",
    "sound.works.todo",
    "sound.off.todo",
  ];
  for (const lines of [RELIED.zh, RELIED.en]) expect(emptyIn(lines)).toEqual(nothing);
});

test("every hint, report, notice and ill channel says what to do next, in both languages", () => {
  for (const text of [zh, en]) {
    const { ready, ...ill } = text.tile;
    expect(ready.is).not.toBe("");
    for (const table of [text.hint, text.report, text.notice, ill]) {
      for (const [name, { todo }] of Object.entries(table)) expect(todo, name).not.toBe("");
    }
  }
});

test("the lock file names no registry", () => {
  expect(readFileSync(join(ROOT, "package-lock.json"), "utf8")).not.toMatch(
    /"resolved"|https?:\/\/[^"]*registry/,
  );
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}

function keysOf(table: object, path = ""): string[] {
  return Object.entries(table).flatMap(([key, value]) =>
    typeof value === "object" ? keysOf(value as object, `${path}${key}.`) : [path + key],
  );
}

/** Some hints only say what to do, and a channel that answers needs nothing done. */
function mayNotBeEmpty(key: string): boolean {
  return !/^hint\.\w+\.is$/.test(key) && key !== "tile.ready.todo";
}

function emptyIn(table: object, path = ""): string[] {
  return Object.entries(table).flatMap(([key, value]) => {
    if (typeof value === "object") return emptyIn(value as object, `${path}${key}.`);
    return value === "" ? [path + key] : [];
  });
}
