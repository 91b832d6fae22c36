/**
 * All that runs in a browser; every page does without it. It knows no token: those are in cookies that no script can read.
 *
 * - `data-peek` on a password field holds the words of a button that shows what is typed
 * - a form that is on its way is not sent again
 * - `data-passkey` on a form holds what the device is asked when it is sent, and the form is sent with the answer; the browser offers passkeys
 *   in the field for the name too
 * - `data-until` holds seconds after which what is inside may be pressed, counted down in `data-left`
 * - `data-copy` copies the text of the element that it names
 * - a field of the kind `one-time-code` is filled from the message where the browser can (WebOTP), and sends itself
 */
export const script = `"use strict";
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  for (const input of all("[data-peek]")) {
    const [show, hide] = input.dataset.peek.split("|");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "peek";
    button.textContent = show;
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", () => {
      const isShown = input.type === "text";
      input.type = isShown ? "password" : "text";
      button.textContent = isShown ? show : hide;
      input.focus();
    });
    const frame = document.createElement("div");
    frame.className = "with";
    input.before(frame);
    frame.append(input, button);
  }
  // At an address of digits, and where the connection is not safe from others, browsers have none.
  const hasPasskeys = "PublicKeyCredential" in window && !/^[\\d.]+$|:/.test(location.hostname);
  let waiting = new AbortController();
  const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const toText = (bytes) => bytes && btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const askDevice = async (form, mediation) => {
    waiting.abort();
    waiting = new AbortController();
    const options = JSON.parse(form.dataset.passkey);
    const read = (one) => ({ ...one, id: toBytes(one.id) });
    const publicKey = { ...options, challenge: toBytes(options.challenge) };
    for (const name of ["allowCredentials", "excludeCredentials"]) if (options[name]) publicKey[name] = options[name].map(read);
    if (options.user) publicKey.user = read(options.user);
    const wanted = { publicKey, signal: waiting.signal, ...(mediation && { mediation }) };
    const { id, response } = await navigator.credentials[options.user ? "create" : "get"](wanted);
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const answer = Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, toText(response[part])]));
    if (response.getTransports) answer.transports = response.getTransports();
    form.elements.passkey.value = JSON.stringify({ id, response: answer });
    form.requestSubmit();
  };
  for (const form of hasPasskeys ? all("form[data-passkey]") : []) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      if (form.elements.passkey.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      askDevice(form).catch(() => {});
    });
    if (!document.querySelector("[autocomplete~=webauthn]") || !PublicKeyCredential.isConditionalMediationAvailable) continue;
    PublicKeyCredential.isConditionalMediationAvailable()
      .then((can) => can && askDevice(form, "conditional")).catch(() => {});
  }
  for (const part of hasPasskeys ? all("[data-with-passkeys]") : []) part.hidden = false;
  for (const part of hasPasskeys ? all("[data-without-passkeys]") : []) part.hidden = true;
  for (const form of all("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "yes";
      for (const input of form.querySelectorAll(".with input")) input.type = "password";
      for (const button of form.querySelectorAll("button.button")) button.setAttribute("aria-disabled", "true");
    });
  }
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of all("form[data-sent]")) delete form.dataset.sent;
    for (const form of all("form[data-passkey]")) form.elements.passkey.value = "";
    for (const button of all("button[aria-disabled]")) button.removeAttribute("aria-disabled");
  });
  for (const box of all("[data-until]")) {
    const end = Date.now() + Number(box.dataset.until) * 1000;
    const left = box.querySelector("[data-left]");
    const button = box.querySelector("button");
    const tick = () => {
      const seconds = Math.ceil((end - Date.now()) / 1000);
      if (button) button.disabled = seconds > 0;
      if (left) left.textContent = seconds > 0 ? new Intl.NumberFormat(document.documentElement.lang,
        { style: "unit", unit: "second", unitDisplay: "long" }).format(seconds) : "";
      if (seconds > 0) setTimeout(tick, 1000);
      else if (left) left.parentElement.hidden = true;
    };
    tick();
  }
  // There is no clipboard where the connection is not safe from others.
  for (const button of navigator.clipboard ? all("[data-copy]") : []) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.copied;
    });
  }
  const code = document.querySelector("input[autocomplete=one-time-code]");
  if (code && "OTPCredential" in window) {
    const waiting = new AbortController();
    code.form.addEventListener("submit", () => waiting.abort());
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal: waiting.signal }).then((found) => {
      if (!found || code.value) return;
      code.value = found.code;
      code.form.requestSubmit();
    }, () => {});
  }
})();
`;
