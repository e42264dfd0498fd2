/** Whether the source of a test file has a test of exactly this name, as it stands there (`%s` of a table of cases included). */
export const namesTest = (source: string, name: string): boolean =>
  [`'${name.replaceAll("'", "\\'")}'`, `"${name}"`].some((written) =>
    // `it(`, or the second call of `it.each(…)(`
    new RegExp(`(?:\\bit|\\btest|\\))\\(\\s*${written.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`).test(source),
  )
