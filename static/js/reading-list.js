// The reading list in the reader's own browser. Nothing is kept before something has been put on the list.
// Where an address carries a list, that one is shown; what this browser keeps changes only by a click.

const KEY = "merkzettel";

function kept() {
  try {
    return (localStorage.getItem(KEY) ?? "").split(",").filter((number) => /^[0-9]{1,10}$/.test(number));
  } catch {
    return [];
  }
}

function keep(numbers) {
  try {
    if (numbers.length) {
      localStorage.setItem(KEY, numbers.join(","));
    } else {
      localStorage.removeItem(KEY);
    }
  } catch {
    // The browser keeps nothing: the list still travels in the address.
  }
}

function withParameter(link, name, value) {
  const address = new URL(link, location.href);
  address.searchParams.set(name, value);
  return address.href.replaceAll("%2C", ",");
}

const here = new URL(location.href).searchParams;
const carried = (here.get("merk") ?? here.get("ids") ?? "").split(",").filter(Boolean);

function showKept(numbers) {
  const bar = document.querySelector("[data-reading-list]");
  if (!bar || !numbers.length) return;
  const link = bar.querySelector("a");
  link.textContent = numbers.length === 1 ? bar.dataset.one : bar.dataset.many.replace("%s", numbers.length);
  link.href = withParameter(bar.dataset.href, "ids", numbers.join(","));
  bar.hidden = false;
  for (const one of document.querySelectorAll("[data-remember]")) {
    if (numbers.includes(one.dataset.remember)) {
      const there = document.createElement("span");
      there.className = "remember remember--there";
      there.textContent = one.dataset.there;
      one.replaceWith(there);
    }
  }
}

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-remember]");
  if (add) {
    const numbers = [...new Set([...(carried.length ? carried : kept()), add.dataset.remember])];
    keep(numbers);
    add.href = withParameter(add.href, "merk", numbers.join(","));
  }
  const change = event.target.closest("[data-list]");
  if (change) keep(change.dataset.list.split(",").filter(Boolean));
});

if (!carried.length) showKept(kept());

for (const words of document.querySelectorAll("[data-explained]")) words.hidden = false;

const stored = document.querySelector("[data-stored]");
if (stored && kept().length && kept().join(",") !== carried.join(",")) {
  const words = stored.querySelector("[data-text]");
  words.textContent = words.dataset.text.replace("%s", kept().length);
  stored.querySelector("a").href = withParameter(stored.querySelector("a").href, "ids", kept().join(","));
  stored.hidden = false;
}
