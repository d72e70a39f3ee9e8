// How wide a word is, so that its line can shrink to fit.

/** Returns the width in ems: a Chinese character is one, a Latin letter about half. */
export function wordWidth(word: string): number {
  return [...word].reduce((sum, c) => sum + (/[\u2e80-\uffef]/.test(c) ? 1 : 0.56), 0);
}
