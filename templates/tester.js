// What makes the tester UI pleasanter; everything works without it.
"use strict";

// A list that narrows down while one types.
for (const input of document.querySelectorAll("[data-filter]")) {
  const rows = document.getElementById(input.dataset.filter).tBodies[0].rows;
  input.closest("[hidden]").hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
}

function button(words) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "link";
  made.textContent = words;
  return made;
}

// Copying a command line.
for (const block of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const copy = button(block.dataset.copy);
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent.trim());
    copy.textContent = block.dataset.copied;
    setTimeout(() => { copy.textContent = block.dataset.copy; }, 2000);
  });
  block.before(copy);
}

// Folding JSON: a line that opens something hides those up to the one that closes it.
const indent = (row) => row.textContent.search(/\S/);
for (const block of document.querySelectorAll(".folds")) {
  const rows = [...block.querySelectorAll(".row")];
  const depths = rows.map(indent);
  const folded = new Set();
  const end = (at) => {
    let next = at + 1;
    while (next < rows.length && depths[next] > depths[at]) next += 1;
    return next;
  };
  const show = () => {
    let hiddenUpTo = 0;
    rows.forEach((row, at) => {
      row.hidden = at < hiddenUpTo;
      if (!row.hidden && folded.has(at)) hiddenUpTo = end(at);
    });
  };
  rows.forEach((row, at) => {
    if (!/[{[]\s*$/.test(row.textContent) || end(at) === at + 1) return;
    const toggle = document.createElement("button");
    toggle.type = "button";
    toggle.className = "toggle";
    toggle.textContent = "−";
    toggle.setAttribute("aria-expanded", "true");
    toggle.setAttribute("aria-label", `${block.dataset.fold} ${at + 1}`);
    toggle.addEventListener("click", () => {
      const isFolded = !folded.delete(at);
      if (isFolded) folded.add(at);
      toggle.textContent = isFolded ? "+" : "−";
      toggle.setAttribute("aria-expanded", String(!isFolded));
      show();
    });
    row.prepend(toggle);
  });
}

// The editor: formatting, which keeps every number as it is written, and the way from a finding to its line.
for (const area of document.querySelectorAll("[data-format]")) {
  const tools = document.createElement("p");
  const problem = document.createElement("span");
  const format = button(area.dataset.format);
  tools.className = "tools";
  problem.setAttribute("role", "status");
  tools.append(format, problem);
  area.before(tools);
  format.addEventListener("click", () => {
    try {
      JSON.parse(area.value);
      area.value = formatted(area.value);
      problem.textContent = "";
    } catch (error) {
      problem.textContent = `${area.dataset.broken} ${error.message}`;
    }
  });
}

// From what is told of a line to that line in the editor.
const editor = document.querySelector("textarea.json");
for (const link of editor ? document.querySelectorAll("[data-line]") : []) {
  link.addEventListener("click", (event) => {
    const lines = editor.value.split("\n");
    const at = Number(link.dataset.line) - 1;
    if (!(at in lines)) return;
    event.preventDefault();
    const start = lines.slice(0, at).join("\n").length + (at > 0 ? 1 : 0);
    editor.focus({ preventScroll: true });
    editor.setSelectionRange(start, start + lines[at].length);
    const height = parseFloat(getComputedStyle(editor).lineHeight);
    editor.scrollTop = Math.max(0, at * height - editor.clientHeight / 2);
    editor.scrollLeft = 0;
    editor.scrollIntoView({ block: "center" });
  });
}

function formatted(text) {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  tokens.forEach((token, at) => {
    const isEmpty = /^[{[]$/.test(tokens[at - 1] ?? "") && /^[}\]]$/.test(token);
    if (/^[{[]$/.test(token)) {
      depth += 1;
      out += token + (/^[}\]]$/.test(tokens[at + 1] ?? "") ? "" : line());
    } else if (/^[}\]]$/.test(token)) {
      depth -= 1;
      out += (isEmpty ? "" : line()) + token;
    } else if (token === ",") {
      out += token + line();
    } else {
      out += token === ":" ? ": " : token;
    }
  });
  return out;
}
