import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";

/** The way back from one of the people, or some of them, to all. */
export function BackToPeople(): ReactElement {
  const texts = useTexts();
  return (
    <p>
      <Link to="/people" className="back-link">
        <span aria-hidden="true" className="back-arrow" />
        {texts.places.people}
      </Link>
    </p>
  );
}
