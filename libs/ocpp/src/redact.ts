import { scanJson, type ScannedArray, type ScannedObject, type ScannedValue } from './scan-json.ts'
import { credentialInText } from '@voltrail/domain/device/transfer-credential'
import { isSecretKey } from '@voltrail/domain/secret-keys'
import { replaceUrlSecrets } from '@voltrail/domain/url-secrets'

/**
 * Takes secrets out of OCPP texts before anything is stored, published or logged. What is not a secret stays byte for byte.
 * A secret is: the value of a field with a secret name; the `value` beside a `key` with a secret name, as in
 * ChangeConfiguration.req and GetConfiguration.conf; what stands beside a `variable` with a secret name, as in SetVariables,
 * GetVariables, NotifyReport and NotifyEvent of 2.x; the names and keys by which a charger enters an APN or VPN
 * (SetNetworkProfile); what gives access in a URL (`replaceUrlSecrets`); and the same in JSON that is text inside.
 */

/** @param secret clear text @returns what stands in its place: salted, so that equal secrets of two chargers differ */
export type Digest = (secret: string) => string

export type Redacted = { text: string; redacted: boolean }

/** A frame, or any other text: what is not JSON is searched for the same patterns. */
export const redactFrame = (text: string, digest: Digest): Redacted => {
  if (!suspicious.test(text) && text.search(credentialInText) < 0) return { text, redacted: false }
  const root = scanJson(text)
  return root === undefined ? redactLoose(text, digest) : splice(text, replacementsIn(text, root, digest))
}

/** A part of every secret name, a URL, or an escape that may hide one: most frames have none and are not looked at closer. */
const suspicious = /pass|pwd|secret|key|auth|token|cred|psk|pin|puk|bearer|apn|vpn|:\/\/|:\\\/|\\u/i

/** The same for a JSON value, as in a command's payload or result. */
export const redactJson = <T>(value: T, digest: Digest): { value: T; redacted: boolean } => {
  const { text, redacted } = redactFrame(JSON.stringify(value), digest)
  return redacted ? { value: JSON.parse(text) as T, redacted } : { value, redacted }
}

/** where OCPP 2.x has the value of a variable, beside its name: SetVariables, GetVariables; NotifyEvent */
const valuesOfVariable = new Set(['attributevalue', 'actualvalue'])
/** OCPP 2.x APNType and VPNType: beside their passwords, with which what is secret is entered */
const networkCredentials = new Set(['apnusername', 'user', 'group', 'key'])

type Replacement = { start: number; end: number; by: string }

const splice = (text: string, replacements: Replacement[]): Redacted => {
  if (replacements.length === 0) return { text, redacted: false }
  let done = 0
  let result = ''
  for (const { start, end, by } of replacements) {
    result += text.slice(done, start) + by
    done = end
  }
  return { text: result + text.slice(done), redacted: true }
}

/** In the order of the text. */
const replacementsIn = (text: string, root: ScannedValue, digest: Digest): Replacement[] => {
  const replacements: Replacement[] = []
  const decode = (value: ScannedValue): unknown => JSON.parse(text.slice(value.start, value.end))
  const replace = (value: ScannedValue, by: string): void => {
    replacements.push({ start: value.start, end: value.end, by: JSON.stringify(by) })
  }

  const walk = (value: ScannedValue, secret: boolean): void => {
    switch (value.kind) {
      case 'object':
        return walkObject(value, secret)
      case 'array':
        return walkArray(value, secret)
      case 'string': {
        const clear = String(decode(value))
        if (secret) {
          if (clear !== '') replace(value, digest(clear))
          return
        }
        const inside = redactInside(clear, digest)
        if (inside.redacted) replace(value, inside.text)
        return
      }
      case 'number':
        if (secret) replace(value, digest(text.slice(value.start, value.end)))
        return
      case 'word':
        // true, false and null hold no secret
        return
    }
  }
  const walkObject = (object: ScannedObject, secret: boolean): void => {
    const named = object.members.some(
      ({ key, value }) => key.toLowerCase() === 'key' && value.kind === 'string' && isSecretKey(String(decode(value))),
    )
    const variable = object.members.some(
      ({ key, value }) => key.toLowerCase() === 'variable' && value.kind === 'object' && namesSecret(value),
    )
    for (const { key, value } of object.members) {
      const plain = key.toLowerCase()
      if ((plain === 'apn' || plain === 'vpn') && value.kind === 'object') walkNetwork(value, secret)
      else if (variable && !secret && plain === 'variableattribute' && value.kind === 'array') walkAttributes(value)
      else
        walk(
          value,
          secret || isSecretKey(key) || (named && plain === 'value') || (variable && valuesOfVariable.has(plain)),
        )
    }
  }
  const namesSecret = (variable: ScannedObject): boolean =>
    variable.members.some(
      ({ key, value }) => key.toLowerCase() === 'name' && value.kind === 'string' && isSecretKey(String(decode(value))),
    )
  /** NotifyReport: of each attribute only its value is the secret. */
  const walkAttributes = (attributes: ScannedArray): void => {
    for (const attribute of attributes.items) {
      if (attribute.kind !== 'object') continue
      for (const { key, value } of attribute.members) walk(value, key.toLowerCase() === 'value' || isSecretKey(key))
    }
  }
  const walkNetwork = (network: ScannedObject, secret: boolean): void => {
    for (const { key, value } of network.members)
      walk(value, secret || isSecretKey(key) || networkCredentials.has(key.toLowerCase()))
  }
  const walkArray = (array: ScannedArray, secret: boolean): void => {
    for (const item of array.items) walk(item, secret)
  }
  walk(root, false)
  return replacements
}

/** Text in a frame: JSON of its own (DataTransfer data), or text with URLs. */
const redactInside = (text: string, digest: Digest): Redacted => {
  if (/^\s*[[{]/.test(text)) {
    const root = scanJson(text)
    if (root !== undefined) return splice(text, replacementsIn(text, root, digest))
  }
  return redactUrls(text, digest)
}

const redactUrls = (text: string, digest: Digest): Redacted => {
  const result = replaceUrlSecrets(text, (secret) => encodeURIComponent(digest(secret)))
  return { text: result, redacted: result !== text }
}

// lengths are bounded, so that hostile text costs no more than its length
const looseText = String.raw`(?:\\*"(?:[^"\\]|\\[^"]){0,8192}\\*"?|'[^']{0,8192}'?|[^\s,}\]"']{1,8192})`
const quote = String.raw`\\*["']`
const looseName = new RegExp(String.raw`${quote}([^"'\\]{1,60})${quote}\s*:\s*`, 'g')
const looseValue = new RegExp(looseText, 'y')
const looseVariable = new RegExp(String.raw`${quote}name${quote}\s*:\s*${quote}([^"'\\]{1,60})${quote}`, 'gi')
const keyMember = String.raw`${quote}key${quote}\s*:\s*${quote}([^"'\\]{1,60})${quote}`
const valueMember = String.raw`${quote}value${quote}\s*:\s*`
const valueAfterKey = new RegExp(`(${keyMember}[^{}]{0,200}?${valueMember})(${looseText})`, 'gi')
const valueBeforeKey = new RegExp(`(${valueMember})(${looseText})([^{}]{0,200}?${keyMember})`, 'gi')

/** Broken JSON: whatever looks like a secret is taken out, too much rather than too little. */
const redactLoose = (text: string, digest: Digest): Redacted => {
  // a literal of ours is not replaced again by the next pattern
  const ours = new Set<string>()
  const replaced = (literal: string): string => {
    if (ours.has(literal)) return literal
    const by = JSON.stringify(digest(literal.replace(/^\\*["']|\\*["']$/g, '')))
    ours.add(by)
    return by
  }
  const members = text
    .replace(valueAfterKey, (all, head: string, key: string, value: string) =>
      isSecretKey(key) ? head + replaced(value) : all,
    )
    .replace(valueBeforeKey, (all, head: string, value: string, tail: string, key: string) =>
      isSecretKey(key) ? head + replaced(value) + tail : all,
    )
  // what belongs to which variable or network is not known here
  const names = [...text.matchAll(looseName)].map(([, name]) => name!.toLowerCase())
  const secretVariable = [...text.matchAll(looseVariable)].some(([, name]) => isSecretKey(name!))
  const alsoSecret = new Set([
    ...(secretVariable ? [...valuesOfVariable, 'value'] : []),
    ...(names.some((name) => name === 'apn' || name === 'vpn') ? networkCredentials : []),
  ])
  const urls = redactUrls(redactLooseMembers(members, replaced, alsoSecret), digest)
  return { text: urls.text, redacted: urls.text !== text }
}

/** Name by name: the value of an ordinary one may itself hold a secret, so only secret values are stepped over. */
const redactLooseMembers = (
  text: string,
  replaced: (literal: string) => string,
  alsoSecret: ReadonlySet<string>,
): string => {
  let result = ''
  let done = 0
  for (const name of text.matchAll(looseName)) {
    const start = name.index + name[0].length
    if (name.index < done || !(isSecretKey(name[1]!) || alsoSecret.has(name[1]!.toLowerCase()))) continue
    looseValue.lastIndex = start
    const literal = looseValue.exec(text)?.[0]
    if (literal === undefined) continue
    result += text.slice(done, start) + replaced(literal)
    done = start + literal.length
  }
  return result + text.slice(done)
}
