// The second frame after the first is the one a person has seen.
requestAnimationFrame(() => requestAnimationFrame(() => (document.title = "ready")));
