import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { type ReactElement, useEffect, useRef, useState } from "react";
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { signOut } from "../entry.ts";
import { languages, setLanguage, useLanguage, useTexts } from "../language.tsx";
import { Notices } from "../parts/notices.tsx";
import { nameOf } from "../people/name-of.ts";
import { away, service } from "../service.ts";
import { useSession } from "../session.tsx";
import { useStore } from "../store.ts";
import { findPlaces } from "./places.ts";
import { setTheme, themes, useTheme } from "./theme.ts";
import { Mark } from "./whole-pages.tsx";

/** Everything that is around each screen: where one is, where one can go, and who one is. */
export function Frame(): ReactElement {
  const texts = useTexts();
  const isAway = useStore(away);
  const [isOpen, setOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    setOpen(false);
    // Whoever hears the page hears that it is another one.
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [path]);
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {texts.skip}
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <Mark />
          <span>{texts.console}</span>
        </Link>
        <AriaButton
          className="button quiet opener"
          aria-expanded={isOpen}
          aria-controls="places"
          onPress={() => setOpen(!isOpen)}
        >
          {texts.menu}
        </AriaButton>
        <PersonMenu />
      </header>
      <nav id="places" className={isOpen ? "places open" : "places"} aria-label={texts.menu}>
        <Places />
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        {isAway && (
          <p className="notice bad" role="status">
            {texts.away.lead}
          </p>
        )}
        <Outlet />
      </main>
      <Notices />
    </div>
  );
}

function Places(): ReactElement {
  const texts = useTexts();
  const { permissions } = useSession();
  return (
    <ul>
      {findPlaces(permissions).map(({ to, name }) => (
        <li key={to}>
          <Link to={to} activeOptions={{ includeSearch: false }}>
            {texts.places[name]}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function PersonMenu(): ReactElement {
  const texts = useTexts();
  const { user } = useSession();
  const language = useLanguage();
  const theme = useTheme();
  return (
    <MenuTrigger>
      <AriaButton className="button quiet person">
        <bdi>{nameOf(user)}</bdi>
        <span aria-hidden="true" className="arrow" />
      </AriaButton>
      <Popover className="popover person-menu" placement="bottom end">
        <Menu className="list-box">
          <MenuItem className="list-item" href={`${service}/account`}>
            {texts.yourAccount}
          </MenuItem>
          <MenuSection
            className="in-columns"
            selectionMode="single"
            selectedKeys={[language.tag]}
            onSelectionChange={(keys) => setLanguage(onlyOf(keys))}
          >
            <Header className="list-head">{texts.language}</Header>
            {languages.map(({ tag, name }) => (
              <MenuItem key={tag} id={tag} className="list-item" textValue={name}>
                <span lang={tag}>{name}</span>
              </MenuItem>
            ))}
          </MenuSection>
          <MenuSection
            className="in-columns three"
            selectionMode="single"
            selectedKeys={[theme]}
            onSelectionChange={(keys) => setTheme(onlyOf(keys))}
          >
            <Header className="list-head">{texts.look}</Header>
            {themes.map((one) => (
              <MenuItem key={one} id={one} className="list-item">
                {texts.themes[one]}
              </MenuItem>
            ))}
          </MenuSection>
          <MenuItem className="list-item" onAction={() => void signOut()}>
            {texts.signOut}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** A choice that was pressed once more is none, and changes nothing. */
const onlyOf = (keys: "all" | Iterable<unknown>): string => String(keys === "all" ? "" : ([...keys][0] ?? ""));
