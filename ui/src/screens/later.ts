// The screens and parts that come after the first picture of the counter.

export { default as Acts } from "../parts/Acts.vue";
export { default as AsideChip } from "../parts/AsideChip.vue";
export { default as AttemptPlate } from "../parts/AttemptPlate.vue";
export { default as AttemptRibbon } from "../parts/AttemptRibbon.vue";
export { default as CashPlate } from "../parts/CashPlate.vue";
export { default as CashTakenPlate } from "../parts/CashTakenPlate.vue";
export { default as QuestionPlate } from "../parts/QuestionPlate.vue";
export { default as Approve } from "./Approve.vue";
export { default as Health } from "./Health.vue";
export { default as OpenItems } from "./OpenItems.vue";
export { default as Orders } from "./Orders.vue";
export { default as Receipt } from "./Receipt.vue";
