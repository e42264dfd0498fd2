import { writeFileSync } from 'node:fs'
import { writeQuirkPage } from './quirk-page.ts'
import { quirks } from './quirks.ts'

// run at the root of the repository: node --import tsx libs/ocpp/src/write-quirk-page.ts
writeFileSync('libs/ocpp/QUIRKS.md', writeQuirkPage(quirks))
