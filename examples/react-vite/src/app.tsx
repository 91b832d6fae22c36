import { SignedIn, SignedOut, useAuth, usePermission } from "@latchkey/client/react";
import { useState } from "react";
import { Devices } from "./devices.tsx";
import { People } from "./people.tsx";
import { SignIn } from "./sign-in.tsx";
import { SignInByCode } from "./sign-in-by-code.tsx";

export function App() {
  return (
    <main>
      <SignedOut>
        <Welcome />
      </SignedOut>
      <SignedIn>
        <Account />
      </SignedIn>
    </main>
  );
}

/** By a code or by a password; a code that was asked for is still there after a reload. */
function Welcome() {
  const [isByCode, setByCode] = useState(() => sessionStorage.getItem("by") === "code");
  const change = () => {
    sessionStorage.setItem("by", isByCode ? "password" : "code");
    setByCode(!isByCode);
  };
  return (
    <>
      {isByCode ? <SignInByCode /> : <SignIn />}
      <button className="other" type="button" onClick={change}>
        {isByCode ? "Use a password" : "Use a code"}
      </button>
    </>
  );
}

function Account() {
  const { user, signOut } = useAuth();
  const mayViewPeople = usePermission("auth.view_user");
  return (
    <>
      <header>
        <h1>Hello, {user?.firstName || user?.username || user?.phoneNumber}</h1>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </header>
      <Devices />
      {mayViewPeople === "yes" && <People />}
    </>
  );
}
