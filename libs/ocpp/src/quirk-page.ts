import { describeMatches, type Quirk } from './quirk.ts'

/** The tables of quirks as a page for people. */
export const writeQuirkPage = (quirks: readonly Quirk[]): string =>
  [
    '# What real chargers do, and what is done about it',
    '',
    'Made from the tables in `src/quirk-table-*.ts` by `node --import tsx libs/ocpp/src/write-quirk-page.ts`; not edited by hand.',
    '',
    'Each normalisation of a message is kept with the id of its rule and the raw value. A rule that may be switched is switched per',
    'charger by `rulesOff` and `rulesOn` of its settings. `GET /v1/quirks` counts where each one fired.',
    '',
    '| id | kind | what | for | default | may be switched | seen | proved by |',
    '|---|---|---|---|---|---|---|---|',
    ...quirks.map((quirk) =>
      [
        '',
        `\`${quirk.id}\``,
        quirk.kind,
        cell(quirk.what),
        cell(describeMatches(quirk.matches)),
        quirk.default,
        quirk.switchable ? 'yes' : 'no',
        quirk.evidence.map(cell).join(', '),
        'open' in quirk.proof
          ? `not done yet: ${cell(quirk.proof.open)}`
          : `\`${quirk.proof.file}\`: ${cell(quirk.proof.test)}`,
        '',
      ]
        .join(' | ')
        .trim(),
    ),
    '',
  ].join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|')
