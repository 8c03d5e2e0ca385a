// Optional keys for moderation. Every key presses something that is on the page, and that works without it.
"use strict";
(() => {
  const SETTING = "moderation-keys";
  const page = document.querySelector("[data-moderation]");
  if (!page) return;

  // Off until somebody wants them: one key can publish (WCAG 2.1.4).
  let on = false;
  try {
    on = localStorage.getItem(SETTING) === "on";
  } catch {
    // A browser that keeps nothing has no keys until they are switched on on each page.
  }

  const help = page.querySelector("[data-keys-help]");
  const knob = page.querySelector("[data-keys-switch]");
  if (help && knob) {
    help.hidden = false;
    knob.checked = on;
    knob.addEventListener("change", () => {
      on = knob.checked;
      try {
        localStorage.setItem(SETTING, on ? "on" : "off");
      } catch {
        // It holds for this page.
      }
      name();
    });
  }

  // Tell screen readers which key presses what, as long as it does (WAI-ARIA 1.2).
  function name() {
    for (const thing of page.querySelectorAll("[data-key]")) {
      if (on) thing.setAttribute("aria-keyshortcuts", thing.dataset.key);
      else thing.removeAttribute("aria-keyshortcuts");
    }
  }
  name();

  // Whoever is about to fill in a form presses letters for its sake, also beside a field.
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], details form") !== null;

  function step(rows, forward) {
    const here = rows.indexOf(document.activeElement);
    const next = here < 0 ? (forward ? 0 : rows.length - 1) : here + (forward ? 1 : -1);
    if (rows[next]) rows[next].focus();
  }

  function press(thing) {
    const tick = thing.form && thing.form.querySelector("input[type=checkbox]:not(:checked)");
    if (tick) {
      tick.focus();
    } else if (thing.localName === "summary") {
      const box = thing.parentElement;
      box.open = !box.open;
      const field = box.open && box.querySelector("textarea, input[type=radio]");
      (field || thing).focus();
    } else {
      thing.click();
    }
  }

  document.addEventListener("keydown", (event) => {
    const loose = event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat;
    if (!on || loose || event.defaultPrevented || typing(event.target)) return;
    const rows = [...page.querySelectorAll("[data-row]")];
    if (rows.length && (event.key === "j" || event.key === "k")) {
      event.preventDefault();
      step(rows, event.key === "j");
      return;
    }
    const thing = page.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!thing) return;
    event.preventDefault();
    press(thing);
  });
})();
