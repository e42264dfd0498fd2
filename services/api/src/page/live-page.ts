import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { markup } from './markup.ts'
import { script } from './script.ts'
import { style } from './style.ts'

const source = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`

const html = (ocppPort: number): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="ocpp-port" content="${ocppPort}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Voltrail</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>${markup}<script>${script}</script></body>
</html>
`

/** Nothing but this page's own style and script runs here, and it talks to nobody but this server. */
const policy = [
  "default-src 'none'",
  `style-src ${source(style)}`,
  `script-src ${source(script)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** One page at `/` on which a person sees chargers and sessions as they happen. It is text in the program: nothing is read from disk. It tells where chargers connect. */
export async function addLivePage(app: FastifyInstance, ocppPort: number): Promise<void> {
  const page = html(ocppPort)
  app.get('/', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .send(page),
  )
}
