import { auth, explain } from "./auth.ts";

const signInForm = find("form", "sign-in");
const orderForm = find("form", "order");
const shop = find("section", "shop");
const name = find("h1", "name");
const orders = find("ul", "orders");
const problem = find("p", "problem");
let shownFor: string | undefined;

/** Shows who is signed in, and for another person the orders anew. */
function show(): void {
  const { status, user } = auth.getSnapshot();
  signInForm.hidden = status !== "signedOut";
  shop.hidden = status !== "signedIn";
  name.textContent = user && `Hello, ${user.nickname ?? user.username}`;
  if (user?.id === shownFor) return;
  shownFor = user?.id;
  orders.replaceChildren();
  signInForm.reset();
  if (user) void attempt(showOrders);
}

async function showOrders(): Promise<void> {
  const [list, mayDelete] = await Promise.all([auth.api.orders.list.query(), auth.can("shop.delete_order")]);
  const items = list.map(({ id, what, nickname }) => {
    const item = document.createElement("li");
    item.append(nickname ? `${what}, for ${nickname}` : what);
    if (mayDelete) item.append(createDeleteButton(id));
    return item;
  });
  orders.replaceChildren(...items);
}

function createDeleteButton(id: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Delete";
  button.addEventListener("click", () =>
    attempt(async () => {
      await auth.api.orders.delete.mutate({ id });
      await showOrders();
    }),
  );
  return button;
}

signInForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(signInForm, event.submitter);
  const read = (field: string) => String(form.get(field));
  const credentials = { username: read("username"), password: read("password") };
  void attempt(() =>
    read("what") === "register"
      ? auth.api.auth.account.register.mutate({ ...credentials, nickname: read("nickname") || null })
      : auth.signIn(credentials),
  );
});

orderForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    await auth.api.orders.place.mutate({ what: String(new FormData(orderForm).get("what")) });
    orderForm.reset();
    await showOrders();
  });
});

find("button", "sign-out").addEventListener("click", () => auth.signOut());
auth.subscribe(show);
show();

/** Does what a person asked for, and says when that did not work. */
async function attempt(action: () => Promise<unknown>): Promise<void> {
  problem.textContent = "";
  try {
    await action();
  } catch (error) {
    problem.textContent = explain(error);
  }
}

function find<Name extends keyof HTMLElementTagNameMap>(tag: Name, id: string): HTMLElementTagNameMap[Name] {
  const element = document.querySelector<HTMLElementTagNameMap[Name]>(`${tag}#${id}`);
  if (!element) throw new Error(`The page has no <${tag} id="${id}">`);
  return element;
}
