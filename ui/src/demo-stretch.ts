// A pseudo-language: every sentence two fifths longer, to see what has no room. Not part of the app.

/** Makes every sentence of a table longer, in place. */
export function lengthen(table: object): void {
  for (const [key, value] of Object.entries(table)) {
    if (typeof value === "string") Reflect.set(table, key, longer(value));
    else if (typeof value === "function") Reflect.set(table, key, stretched(value));
    else if (typeof value === "object" && value !== null) lengthen(value as object);
  }
}

/** Returns the sentence with two fifths of itself, in its own script, before its end. */
export function longer(sentence: string): string {
  if (sentence === "") return "";
  const letters = [...sentence];
  const more = Math.ceil(letters.length * 0.4);
  const han = /\p{Script=Han}/u.test(sentence);
  const extra = han ? "长".repeat(more) : " longer".repeat(more).slice(0, more).trimEnd();
  return `${sentence}${extra === "" ? "x" : extra}`;
}

function stretched(sentence: (...told: never[]) => unknown): (...told: never[]) => unknown {
  return (...told) => {
    const said = sentence(...told);
    if (typeof said === "string") return longer(said);
    if (typeof said !== "object" || said === null) return said;
    const copy = { ...said };
    lengthen(copy);
    return copy;
  };
}
