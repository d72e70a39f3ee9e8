// Contrast of the tokens, light and dark: 7 for amounts and states, 4.5 for text, 3 for parts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const css = readFileSync(join(import.meta.dirname, "../src/styles/tokens.css"), "utf8");
const [lightPart = "", darkPart = ""] = css.split("@media (prefers-color-scheme: dark)");
const THEMES = {
  light: coloursIn(lightPart),
  dark: coloursIn(darkPart.slice(0, darkPart.indexOf("@media"))),
};

const PAIRS: readonly (readonly [string, string, number])[] = [
  ["ink", "surface", 7],
  ["ink", "wait-tint", 7],
  ["ink", "doubt-tint", 7],
  ["wait-text", "wait-tint", 7],
  ["doubt-text", "doubt-tint", 7],
  ["on-paid", "paid", 7],
  ["on-ready", "ready", 7],
  ["ink", "line", 7],
  ["on-stop", "stop", 7],
  ["on-doubt", "doubt", 7],
  ["paid-text", "surface", 7],
  ["doubt-text", "surface", 7],
  ["ready-text", "surface", 7],
  ["stop-text", "surface", 7],
  ["wait-text", "surface", 7],
  ["on-practice", "practice", 7],
  ["ink-2", "surface", 7],
  ["ink-2", "bg", 4.5],
  ["ink-2", "wait-tint", 4.5],
  ["ink-2", "doubt-tint", 4.5],
  ["ink-3", "surface", 4.5],
  ["ink-3", "bg", 4.5],
  ["ink-3", "sunk", 4.5],
  ["stop-text", "stop-tint", 7],
  ["edge", "surface", 3],
  ["edge", "bg", 3],
  ["wait", "wait-tint", 3],
  ["ink", "bg", 3],
  ["practice", "bg", 3],
  ["ch-alipay", "surface", 3],
  ["ch-alipay", "wait-tint", 3],
  ["ch-wechat", "surface", 3],
  ["ch-wechat", "wait-tint", 3],
  ["ch-cash", "surface", 3],
];

describe.each(["light", "dark"] as const)("%s", (theme) => {
  test.each(PAIRS)("%s on %s reaches %d", (ink, ground, goal) => {
    const colours = THEMES[theme];
    expect(ratio(colours.get(ink) ?? "", colours.get(ground) ?? "")).toBeGreaterThanOrEqual(goal);
  });
});

test("nothing but practice is violet, and nothing but paid is green", () => {
  for (const theme of Object.values(THEMES)) {
    const grounds = ["paid", "wait", "doubt", "stop", "ready", "practice"].map((name) =>
      theme.get(name),
    );
    expect(new Set(grounds).size).toBe(grounds.length);
  }
});

function coloursIn(part: string): Map<string, string> {
  return new Map(
    [...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", colour = ""]) => [
      name,
      colour,
    ]),
  );
}

function ratio(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const channel = (at: number): number => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
