import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { fill, useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Card, Fact } from "../parts/card.tsx";
import { Loaded } from "../parts/state.tsx";
import { Warnings } from "../parts/warnings.tsx";
import { trpc } from "../service.ts";

/** What is known of the database and the keys, and what should be mended: as `latchkey doctor` says it, in English. */
export function HealthPage(): ReactElement {
  const texts = useTexts();
  const { number } = useFormats();
  const health = useQuery({ ...trpc.service.health.queryOptions(), staleTime: Number.POSITIVE_INFINITY });
  return (
    <div className="page">
      <div className="head">
        <h1>{texts.places.health}</h1>
        <Button isPending={health.isFetching} onPress={() => void health.refetch()}>
          {texts.refresh}
        </Button>
      </div>
      <Loaded query={health} lines={8}>
        {({ warnings, ...facts }) => (
          <>
            {warnings.length === 0 ? (
              <p className="notice good">{texts.health.well}</p>
            ) : (
              <Warnings title={texts.health.warnings} lines={warnings} />
            )}
            <Card title={texts.health.facts}>
              <dl className="facts wide-facts">
                <Fact name={texts.health.users}>{number(facts.users)}</Fact>
                <Fact name="PostgreSQL" isLatin>
                  {facts.postgres}
                </Fact>
                <Fact name={texts.health.schema} isLatin>
                  {facts.schema}
                </Fact>
                <Fact name={texts.health.signingKey} isLatin>
                  <code>{facts.signingKey}</code>
                </Fact>
                <Fact name={texts.health.secrets} isEnglish>
                  {facts.secrets}
                </Fact>
                <Fact name={texts.health.clock}>
                  {fill(texts.health.milliseconds, { count: number(facts.clockDifference) })}
                </Fact>
                <Fact name={texts.health.imported} isEnglish>
                  {facts.importedUsers}
                </Fact>
                <Fact name={texts.health.oldTokens} isEnglish>
                  {facts.oldTokens}
                </Fact>
              </dl>
            </Card>
          </>
        )}
      </Loaded>
    </div>
  );
}
