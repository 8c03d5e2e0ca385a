// The composer saves and shows the mail while one types; the page of a campaign keeps itself up to date. Both work
// without this script too: by a button, and by loading the page anew.
"use strict";
(() => {
  const PAUSE = 1200; // milliseconds without a key before something is saved
  const EVERY = 3000; // milliseconds between two looks at a campaign

  const form = document.querySelector("form[data-autosave]");
  if (form) compose(form);
  const watched = document.querySelector("[data-watch]");
  if (watched) watch(watched);

  function compose(form) {
    const state = form.querySelector("[data-state]");
    // Saving and discarding both say which version was seen.
    const versions = document.querySelectorAll("[name=version], .composer__discard [name=seen]");
    let timer = 0;
    let saving = false;
    let again = false;
    let stopped = false;
    let shown = typed();

    form.addEventListener("input", () => {
      if (stopped) return;
      clearTimeout(timer);
      timer = setTimeout(save, PAUSE);
    });
    form.addEventListener("submit", () => {
      stopped = true;
      clearTimeout(timer);
    });

    async function save() {
      if (saving) {
        again = true;
        return;
      }
      saving = true;
      const sent = typed();
      try {
        const answer = await fetch(form.dataset.autosave, { method: "POST", body: new FormData(form) });
        if (stopped) return;
        const kind = answer.headers.get("Content-Type") || "";
        const said = kind.startsWith("application/json") ? await answer.json() : null;
        if (answer.ok && said) {
          for (const version of versions) version.value = said.version;
          tell(said.message, false);
          show(sent);
        } else {
          // Somebody was faster, or the login is over: nothing is lost, the words say how to go on.
          stopped = answer.status === 409;
          tell(said ? said.message : answer.status === 413 ? form.dataset.tooLong : form.dataset.trouble, true);
        }
      } catch {
        tell(form.dataset.trouble, true);
      } finally {
        saving = false;
        if (again && !stopped) {
          again = false;
          save();
        }
      }
    }

    function tell(words, trouble) {
      state.textContent = words;
      state.toggleAttribute("data-trouble", trouble);
    }

    // What stands in the fields of each language.
    function typed() {
      return new Map([...form.querySelectorAll("[data-language]")].map((section) => {
        const fields = section.querySelectorAll("input, textarea");
        return [section, [...fields].map((field) => field.value.trim()).join("\n")];
      }));
    }

    function show(saved) {
      for (const [section, words] of saved) {
        if (words === shown.get(section)) continue;
        // The first words in a language have been saved: now there is something to see.
        const first = section.querySelector("template");
        if (first && words.trim()) first.parentElement.replaceChildren(first.content);
        for (const frame of section.querySelectorAll("details[open] iframe")) renew(frame);
        for (const frame of section.querySelectorAll("details:not([open]) iframe")) frame.dataset.stale = "";
      }
      shown = saved;
    }

    // Where its reader has scrolled to stays in view, as far as the browser lets us look into the frame.
    function renew(frame) {
      const top = frame.contentDocument?.scrollingElement?.scrollTop ?? 0;
      frame.addEventListener("load", () => frame.contentDocument?.scrollingElement?.scrollTo(0, top), { once: true });
      frame.src = frame.src;
    }

    form.addEventListener("toggle", (event) => {
      const frame = event.target.open && event.target.querySelector("iframe[data-stale]");
      if (!frame) return;
      delete frame.dataset.stale;
      renew(frame);
    }, true);
  }

  function watch(place) {
    const shown = place.querySelector("[data-progress]");
    let status = shown ? shown.dataset.status : "";

    async function look() {
      try {
        const answer = await fetch(place.dataset.watch);
        if (answer.redirected || answer.status === 401 || answer.status === 403) {
          location.reload();
          return;
        }
        if (answer.ok) {
          place.innerHTML = await answer.text();
          const now = place.querySelector("[data-progress]");
          if (!now || now.dataset.status !== status) {
            location.reload();
            return;
          }
        }
      } catch {
        // The next look may find the way.
      }
      setTimeout(look, EVERY);
    }
    setTimeout(look, EVERY);
  }
})();
