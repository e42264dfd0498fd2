import 'reflect-metadata'
import { request as httpsRequest } from 'node:https'
import { X509Certificates } from '@peculiar/x509'
import { AuthorityAway, RequestRefused, issuedOf, type CertificateAuthority } from './certificate-authority.ts'
import { readCertificates } from '@voltrail/domain/x509/certificate'
import { pemOf } from '@voltrail/domain/x509/pem'

export interface EstOptions {
  /** `https://host:port`, or with a label: `https://host/.well-known/est/chargers` */
  readonly url: string
  /** PEM: whom the server's own certificate must chain to; absent: what the machine trusts */
  readonly trust?: string | undefined
  /** HTTP Basic (RFC 7030 §3.2.3) */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** the client's own certificate and key, PEM (RFC 7030 §3.3.2) */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  readonly timeoutMs: number
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | undefined
}

const mostBody = 1_000_000

/**
 * An authority behind Enrollment over Secure Transport (RFC 7030): /cacerts for its roots, /simpleenroll for each request.
 * 202 and 5xx mean later; 4xx means refused.
 */
export const estAuthority = (options: EstOptions): CertificateAuthority => {
  const base = options.url.includes('/.well-known/est')
    ? options.url.replace(/\/+$/, '')
    : `${options.url.replace(/\/+$/, '')}/.well-known/est`

  const ask = (path: string, body?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const away = (reason: string) => reject(new AuthorityAway(`the EST server at ${new URL(base).host}: ${reason}`))
      const request = httpsRequest(
        `${base}${path}`,
        {
          method: body === undefined ? 'GET' : 'POST',
          timeout: options.timeoutMs,
          agent: false,
          ...(options.trust === undefined ? {} : { ca: options.trust }),
          ...(options.certificate === undefined ? {} : { cert: options.certificate }),
          ...(options.key === undefined ? {} : { key: options.key }),
          ...(options.user === undefined ? {} : { auth: `${options.user}:${options.password ?? ''}` }),
          headers:
            body === undefined
              ? {}
              : {
                  'content-type': 'application/pkcs10',
                  'content-transfer-encoding': 'base64',
                  'content-length': Buffer.byteLength(body),
                },
        },
        (response) => {
          let text = ''
          response.setEncoding('latin1').on('data', (chunk: string) => {
            text += chunk
            if (text.length > mostBody) request.destroy(new Error('its answer is too long'))
          })
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: text, retryAfter: response.headers['retry-after'] }),
          )
          response.on('error', (error) => away(error.message))
        },
      )
      request.on('timeout', () => request.destroy(new Error(`no answer within ${options.timeoutMs} ms`)))
      request.on('error', (error) => away(error.message))
      request.end(body)
    })

  const certificates = async (): Promise<readonly string[]> => {
    const answer = await ask('/cacerts')
    if (answer.status !== 200) throw new AuthorityAway(`the EST server answers ${answer.status} to /cacerts`)
    return pemsOf(answer.body)
  }

  // RFC 7030 §4.1.3 wants the root among them; where there is none, each of them is one
  const rootsOf = (given: readonly string[]): readonly string[] => {
    const roots = given.filter((pem) => readCertificates(pem).some((one) => one.subject === one.issuer))
    return roots.length > 0 ? roots : given
  }

  return {
    name: 'est',
    roots: async () => rootsOf(await certificates()),
    async intermediates() {
      const given = await certificates()
      const roots = rootsOf(given)
      return given.filter((pem) => !roots.includes(pem))
    },
    async issue(request) {
      // RFC 7030 §4.2.1: base64 of the DER, without the lines of PEM
      const body = Buffer.from(request.der).toString('base64')
      const { status, body: text, retryAfter } = await ask('/simpleenroll', body)
      if (status === 202 || status >= 500 || status === 429)
        throw new AuthorityAway(`the EST server wants to be asked later (${status})`, retryAfterMs(retryAfter))
      // its credential is wrong, not the request
      if (status === 401 || status === 403)
        throw new AuthorityAway(`the EST server does not accept our credential (${status})`)
      if (status !== 200) throw new RequestRefused(`the EST server refuses (${status}): ${text.trim().slice(0, 200)}`)
      const known = await certificates()
      return issuedOf([...pemsOf(text), ...known].join(''), request, rootsOf(known))
    },
    revocationList: async () => undefined,
  }
}

/** The certificates of a certs-only PKCS#7 (RFC 7030 §4.1.3), PEM each. */
const pemsOf = (base64: string): readonly string[] => {
  try {
    return [...new X509Certificates(Buffer.from(base64, 'base64'))].map((one) =>
      pemOf('CERTIFICATE', new Uint8Array(one.rawData)),
    )
  } catch (error) {
    throw new AuthorityAway(`the EST server's certificates cannot be read: ${(error as Error).message}`)
  }
}

/** Retry-After in seconds or as a date (RFC 9110 §10.2.3); the date is left to the caller's own pace. */
const retryAfterMs = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined
