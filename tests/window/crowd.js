// Lists what has less room than it needs: words that are cut, that leave their box, or that lie on
// other words or on a button. With `true` it first makes every sentence two fifths longer, as
// another language may be, and puts it back; names, numbers and keys stay as they are, and so does
// a receipt's paper, whose words are Chinese in every language.

const [longer] = arguments;
const root = document.getElementById("app");
const UNREAD = ".spoken, .ghost, svg";
const NAMES = "kbd, .where, .address, .no, .number span, .events small, .tape, .paper *";
const BOXES = "button, .plate, .panel, .chip, .strip, .top, .customer";

const name = (element) => {
  const classes = element.getAttribute("class");
  return element.tagName.toLowerCase() + (classes ? `.${classes.trim().replaceAll(/\s+/g, ".")}` : "");
};
const said = (text) => JSON.stringify(text.trim().slice(0, 24));

// Names that are whole elsewhere end with dots.
const endsWithDots = (element) => {
  for (let each = element; each !== root; each = each.parentElement) {
    if (getComputedStyle(each).textOverflow === "ellipsis") return true;
  }
  return false;
};

// Some words fall whole into a line or a column that is not drawn.
const GIVE_WAY = ".phone, .by, .practice-mark, .grow";

const texts = () => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const { parentElement: parent } = node;
    if (node.nodeValue.trim() === "" || parent.closest(UNREAD) !== null) continue;
    if (parent.getClientRects().length === 0) continue;
    found.push(node);
  }
  return found;
};

const stretched = (sentence) => {
  const more = Math.ceil([...sentence.trim()].length * 0.4);
  const han = /\p{Script=Han}/u.test(sentence);
  return sentence + (han ? "长".repeat(more) : " longer".repeat(more).slice(0, more).trimEnd());
};

// A head shrinks with the width of its word, which the page writes beside it.
const widthOf = (word) =>
  [...word].reduce((sum, c) => sum + (/[⺀-￯]/u.test(c) ? 1 : 0.56), 0);
const shrink = () => {
  for (const head of root.querySelectorAll(".head")) {
    const word = head.querySelector("h1")?.textContent;
    if (word && head.style.getPropertyValue("--c") !== "") {
      head.style.setProperty("--c", String(widthOf(word)));
    }
  }
};

const cut = () => {
  const found = [];
  for (const element of root.querySelectorAll("*")) {
    if (element.closest(UNREAD) !== null || endsWithDots(element)) continue;
    if (element.matches(GIVE_WAY)) continue;
    const words = element.textContent.trim();
    if (words === "" || element.getBoundingClientRect().width === 0) continue;
    const { overflowX, overflowY, display } = getComputedStyle(element);
    if (display === "inline") continue;
    const wide = element.scrollWidth > element.clientWidth + 1;
    const high = element.scrollHeight > element.clientHeight + 1;
    const hides = overflowX !== "visible" && wide;
    const hidesBelow = overflowY === "hidden" && high;
    const sticksOut = element.children.length === 0 && wide;
    const [x, y] = [
      element.scrollWidth - element.clientWidth,
      element.scrollHeight - element.clientHeight,
    ];
    if (hides || hidesBelow || sticksOut) found.push(`cut ${name(element)} ${said(words)} ${x},${y}`);
  }
  return found;
};

const meet = (one, other) => ({
  left: Math.max(one.left, other.left),
  right: Math.min(one.right, other.right),
  top: Math.max(one.top, other.top),
  bottom: Math.min(one.bottom, other.bottom),
});
const overlaps = (one, other) => {
  const { left, right, top, bottom } = meet(one, other);
  return right - left > 2 && bottom - top > 2;
};

// What is seen of a rectangle inside everything that clips it.
const seen = (rect, element) => {
  let left = meet(rect, { left: 0, top: 0, right: innerWidth, bottom: innerHeight });
  for (let clip = element; clip !== null && clip !== root; clip = clip.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(clip);
    if (overflowX === "visible" && overflowY === "visible") continue;
    left = meet(left, clip.getBoundingClientRect());
  }
  return left.right - left.left > 2 && left.bottom - left.top > 2 ? left : null;
};

// Whether a line is cut through by something that does not scroll.
const isHalfSeen = ({ whole, seen }, element) => {
  const less = whole.bottom - whole.top - (seen.bottom - seen.top);
  const narrower = whole.right - whole.left - (seen.right - seen.left);
  const scrolls = element.closest(".orders, .events, .counter, .history") !== null;
  return (less > 1 && !scrolls) || narrower > 1;
};

// Whether something between an element and what it shares with another is not clear as glass.
const paints = (element, other) => {
  for (let each = element; !each.contains(other); each = each.parentElement) {
    const { backgroundColor, backgroundImage } = getComputedStyle(each);
    const clear = backgroundColor === "transparent" || /, 0\)$/.test(backgroundColor);
    if (each instanceof SVGElement || !clear || backgroundImage !== "none") return true;
  }
  return false;
};

// The middle of each line: the rest of a line's height is air.
const linesOf = (node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  return [...range.getClientRects()]
    .map(({ left, right, top, bottom }) => {
      const air = (bottom - top) * 0.2;
      return { left, right, top: top + air, bottom: bottom - air };
    })
    .map((line) => ({ whole: line, seen: seen(line, node.parentElement) }))
    .filter((line) => line.seen !== null);
};

const crowded = () => {
  const found = [];
  const lines = texts().flatMap((node) => linesOf(node).map((line) => ({ node, ...line })));
  const solid = [...root.querySelectorAll("button, .qr")]
    .map((element) => ({ element, seen: seen(element.getBoundingClientRect(), element) }))
    .filter((box) => box.seen !== null);
  lines.forEach((line, i) => {
    const words = said(line.node.nodeValue);
    const parent = line.node.parentElement;
    for (const other of lines.slice(i + 1)) {
      if (other.node === line.node || !overlaps(line.seen, other.seen)) continue;
      found.push(`over ${name(parent)} ${words} and ${said(other.node.nodeValue)}`);
    }
    for (const { element, seen: box } of solid) {
      if (element.contains(parent) || !overlaps(line.seen, box)) continue;
      found.push(`over ${name(parent)} ${words} and ${name(element)}`);
    }
    for (const part of [0.05, 0.5, 0.95]) {
      const { left, right, top, bottom } = line.seen;
      const at = document.elementFromPoint(left + (right - left) * part, (top + bottom) / 2);
      if (at !== null && !at.contains(parent) && !parent.contains(at) && paints(at, parent)) {
        found.push(`under ${name(at)} ${name(parent)} ${words}`);
      }
    }
    if (endsWithDots(parent)) return;
    if (isHalfSeen(line, parent)) found.push(`half ${name(parent)} ${words}`);
    const box = parent.closest(BOXES)?.getBoundingClientRect();
    if (box === undefined) return;
    const { left, right, top, bottom } = line.whole;
    const [x, y] = [
      Math.max(box.left - left, right - box.right, 0),
      Math.max(box.top - top, bottom - box.bottom, 0),
    ].map(Math.round);
    if (x > 1 || y > 1) found.push(`out of its box ${name(parent)} ${words} ${x},${y}`);
  });
  solid.forEach(({ element, seen: box }, i) => {
    for (const other of solid.slice(i + 1)) {
      if (element.contains(other.element) || other.element.contains(element)) continue;
      if (overlaps(box, other.seen)) found.push(`over ${name(element)} and ${name(other.element)}`);
    }
  });
  return found;
};

const kept = [];
if (longer) {
  for (const node of texts()) {
    if (!/\p{L}/u.test(node.nodeValue) || node.parentElement.closest(NAMES) !== null) continue;
    kept.push([node, node.nodeValue]);
    node.nodeValue = stretched(node.nodeValue);
  }
  shrink();
}
const found = [...cut(), ...crowded()];
for (const [node, value] of kept) node.nodeValue = value;
if (longer) shrink();
return [...new Set(found)];
