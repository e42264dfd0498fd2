/** What a charger sent that is no line of FTP. */
export class LineTooLong extends Error {}

/** a path of 255 characters in UTF-8, and the command */
const longestLine = 2_048

/**
 * Cuts what comes on a control connection into lines (RFC 959 §5.3; a lone LF ends one too: some stacks send no CR). Telnet
 * commands (RFC 854), which some send before ABOR, are left out.
 */
export const createFtpLines = () => {
  let held = Buffer.alloc(0)
  return {
    /** @throws {LineTooLong} */
    take(chunk: Uint8Array): string[] {
      const parts = Buffer.concat([held, chunk])
      const lines: string[] = []
      let begin = 0
      for (let end = parts.indexOf(10, begin); end >= 0; end = parts.indexOf(10, begin)) {
        const text = Buffer.from(parts.subarray(begin, end).filter((byte) => byte < 0xf1))
        lines.push(text.toString('utf8').replace(/\r$/, ''))
        begin = end + 1
      }
      held = parts.subarray(begin)
      if (held.length > longestLine || lines.some((line) => line.length > longestLine))
        throw new LineTooLong(`a line of more than ${longestLine} bytes`)
      return lines
    },
  }
}
