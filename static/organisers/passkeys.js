// Lets the browser make or use a passkey and sends what it says with an ordinary form. Without this file, or where the
// browser has no passkeys, the forms stay hidden and one-time codes do the same.

const decode = (text) => {
  const bytes = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(bytes, (char) => char.charCodeAt(0));
};

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const decodeIds = (list) => (list || []).map((one) => ({ ...one, id: decode(one.id) }));

function readOptions(options) {
  return {
    ...options,
    challenge: decode(options.challenge),
    ...(options.user && { user: { ...options.user, id: decode(options.user.id) } }),
    ...(options.allowCredentials && { allowCredentials: decodeIds(options.allowCredentials) }),
    ...(options.excludeCredentials && { excludeCredentials: decodeIds(options.excludeCredentials) }),
  };
}

function writeCredential(credential) {
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const present = names.filter((name) => credential.response[name]);
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(present.map((name) => [name, encode(credential.response[name])])),
    clientExtensionResults: {},
  });
}

async function ask(form) {
  const answer = await fetch(form.dataset.challenge, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrf_token.value },
  });
  if (!answer.ok) {
    throw new Error(`the portal answered ${answer.status}`);
  }
  const publicKey = readOptions(await answer.json());
  return form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey })
    : navigator.credentials.get({ publicKey });
}

async function submit(event) {
  const form = event.target;
  event.preventDefault();
  const trouble = form.querySelector("[data-trouble]");
  trouble.hidden = true;
  try {
    form.elements.credential.value = writeCredential(await ask(form));
  } catch {
    trouble.hidden = false;
    return;
  }
  form.submit();
}

if (globalThis.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", submit);
    for (const hidden of [form, form.closest("[data-needs-passkeys]")]) {
      hidden?.removeAttribute("hidden");
    }
  }
}
