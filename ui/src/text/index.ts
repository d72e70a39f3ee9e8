// Which language the pages speak. A typed table and no library: a missing or misspelt sentence does
// not compile, sentences take typed arguments, and nothing is compiled while the page runs, which
// the CSP would refuse.

import { computed, ref, watchEffect } from "vue";
import type { ComputedRef } from "vue";
import { en } from "./en";
import { zh } from "./zh";

export type Text = typeof zh;
export type Language = "zh" | "en";

const REMEMBERED_AS = "mianfu.language";
const TEXTS: Readonly<Record<Language, Text>> = { zh, en };

const spoken = ref<Language>("zh");

export function useText(): ComputedRef<Text> {
  return computed(() => TEXTS[spoken.value]);
}

export function language(): Language {
  return spoken.value;
}

export function speak(wanted: Language): void {
  spoken.value = wanted;
  localStorage.setItem(REMEMBERED_AS, wanted);
}

/** Takes up the language chosen last, and keeps the page's `lang` in step. */
export function recallLanguage(): void {
  spoken.value = localStorage.getItem(REMEMBERED_AS) === "en" ? "en" : "zh";
  watchEffect(() => {
    document.documentElement.lang = spoken.value === "en" ? "en" : "zh-CN";
  });
}
