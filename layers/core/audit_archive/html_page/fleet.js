// The search of the page of the fleet. Without it the page is whole: all rows stand in it.
"use strict";

const rows = Array.from(document.querySelectorAll(".fleet tbody tr"), (row) => [row, row.textContent.toLowerCase()]);
const search = document.getElementById("search");
const found = document.getElementById("found");

function look() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, text] of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  found.textContent = words.length ? shown + " of " + rows.length + " Consoles have it" : "";
}

document.getElementById("searching").hidden = false;
search.addEventListener("input", look);
look();
