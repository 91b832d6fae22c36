/** A sign-in page as small as it gets: a form, who is signed in, and a button to sign out. `auth` is there for the tests. */
export const page = `<!doctype html>
<html lang="en">
<title>Sign in</title>
<main>
  <form>
    <label>Username or phone number <input name="username" autocomplete="username"></label>
    <label>Password <input name="password" type="password" autocomplete="current-password"></label>
    <button>Sign in</button>
  </form>
  <output></output>
  <button id="out">Sign out</button>
</main>
<script type="module">
  import { createAuthClient, localStorageStorage } from "/sdk.js";

  const settings = new URLSearchParams(location.search);
  const storage = settings.get("storage") === "cookie" ? "cookie" : localStorageStorage();
  const auth = createAuthClient({ url: settings.get("service") ?? location.origin, storage });
  const [form, output, out] = ["form", "output", "#out"].map((selector) => document.querySelector(selector));

  function show() {
    const { status, user } = auth.getSnapshot();
    output.value = { loading: "…", signedOut: "Signed out", signedIn: "Signed in as " + user?.username }[status];
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    auth.signIn(Object.fromEntries(new FormData(form))).catch((error) => {
      output.value = error.data?.reason ?? error.message;
    });
  });
  out.addEventListener("click", () => auth.signOut());
  auth.subscribe(show);
  show();
  window.auth = auth;
</script>
`;
