type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Schemas = { [name: string]: Json }

/**
 * The generator makes two components of every named schema (`Tariff`, and `TariffInput` for requests) and keeps those that
 * nobody refers to. Here what is unused goes, and a pair that says the same, or of which one is left, has the plain name.
 */
export function lightenDocument(generated: object): object {
  const { components, ...rest } = JSON.parse(JSON.stringify(generated)) as { components?: { schemas?: Schemas } }
  const all = components?.schemas ?? {}
  const used = [...reachable(rest, all)].sort()
  const renamed = used.filter((name) => {
    const plain = plainName(name)
    return plain !== name && (!used.includes(plain) || alike(all[plain]) === alike(all[name]))
  })
  const schemas = Object.fromEntries(
    used
      .filter((name) => !renamed.includes(name) || !used.includes(plainName(name)))
      .map((name) => [renamed.includes(name) ? plainName(name) : name, all[name]]),
  )
  let text = JSON.stringify({ ...rest, components: { ...components, schemas } })
  for (const name of renamed) text = text.replaceAll(`"${reference(name)}"`, `"${reference(plainName(name))}"`)
  return JSON.parse(text) as object
}

const reference = (name: string): string => `#/components/schemas/${name}`
const plainName = (name: string): string => name.replace(/Input$/, '')
/** a schema as text, whichever of a pair it refers to; `additionalProperties: false` is said of answers only */
const alike = (schema: Json | undefined): string =>
  JSON.stringify(schema)
    .replaceAll(/"(#\/components\/schemas\/[^"]+?)(Input)?"/g, '"$1"')
    .replaceAll(',"additionalProperties":false', '')

function reachable(document: object, schemas: Schemas): Set<string> {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || found.has(name) || schemas[name] === undefined) continue
      found.add(name)
      visit(schemas[name])
    }
  }
  visit(document)
  return found
}
