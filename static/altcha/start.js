// Starts ALTCHA's widget. Everything that it needs comes from this folder, and nothing is noted of how someone moves.
import "./de.js";
import "./altcha.min.js";

const { algorithms, defaults } = globalThis.$altcha;
algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("pbkdf2.js", import.meta.url)));
defaults.set({ hideFooter: true, hideLogo: true, humanInteractionSignature: false });
