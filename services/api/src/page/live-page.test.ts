import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import Fastify from 'fastify'
import { addLivePage } from './live-page.ts'
import { markup } from './markup.ts'
import { script } from './script.ts'

describe('the live page', () => {
  it('has a script that a browser can read', () => {
    expect(() => new Script(script)).not.toThrow()
  })

  it('finds every element that its script asks for', () => {
    const asked = [...script.matchAll(/byId\('([^']+)'\)/g)].map(([, id]) => id)
    for (const id of asked) expect(markup).toContain(`id="${id}"`)
  })

  it('allows exactly its own script and style, and loads nothing', async () => {
    const app = Fastify()
    await addLivePage(app, 9123)
    const page = await app.inject('/')
    const policy = String(page.headers['content-security-policy'])
    for (const name of ['script', 'style']) {
      const text = new RegExp(`<${name}>([\\s\\S]*)</${name}>`).exec(page.body)?.[1] ?? ''
      expect(policy).toContain(`${name}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    }
    expect(page.body).toContain('<meta name="ocpp-port" content="9123">')
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//)
    await app.close()
  })
})
