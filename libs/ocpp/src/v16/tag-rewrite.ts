import { rulesInForce } from '../quirks.ts'
import { withheldOrRaw } from '../private-fields.ts'
import type { Desk } from './inbound-message.ts'

/* eslint-disable no-control-regex -- control characters are what is looked for */
const trailingControls = /[\u0000-\u001f\u007f]+$/
/** `04A2B3C4_28881628`: KEBA's serial numbers are of digits */
const serialSuffix = /^([^_]+)_\d{5,12}$/
/** `terminal-1;04A2B3C4` */
const terminalPrefix = /^[^;]*;([^;]+)$/

/**
 * The id tag that is meant: what some makes write around it is left out. It is for identity; what identifies repeats is the
 * value as received.
 */
export const rewrittenTag = (idTag: string, desk: Desk): string => {
  const inForce = rulesInForce(desk.context)
  let tag = idTag
  const rewrite = (rule: Parameters<typeof inForce.has>[0], rewritten: string | undefined): void => {
    if (rewritten === undefined || rewritten === '' || rewritten === tag || !inForce.has(rule)) return
    // the tag is personal: the note has its length
    desk.notes.add(rule, '/idTag', () => withheldOrRaw(desk.action, '/idTag', true, idTag))
    tag = rewritten
  }
  rewrite('Q27-tag-trailing-bytes', tag.replace(trailingControls, ''))
  rewrite('Q27-tag-serial-suffix', serialSuffix.exec(tag)?.[1])
  rewrite('Q27-tag-terminal-prefix', terminalPrefix.exec(tag)?.[1])
  return tag
}
