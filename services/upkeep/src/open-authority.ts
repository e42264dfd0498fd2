import { readFile } from 'node:fs/promises'
import { openAuthorityFolder } from '@voltrail/pki/authority-folder'
import { RequestRefused, type CertificateAuthority } from '@voltrail/pki/certificate-authority'
import { certificatePem, readCertificates } from '@voltrail/domain/x509/certificate'
import { estAuthority } from '@voltrail/pki/est-authority'
import { scriptAuthority } from '@voltrail/pki/script-authority'
import { StartError } from '@voltrail/runtime/start-error'
import type { UpkeepConfig } from './config.ts'

/** Where there is no authority, every request is refused with the reason. */
const noAuthority: CertificateAuthority = {
  name: 'none',
  roots: async () => [],
  intermediates: async () => [],
  issue: async () => {
    throw new RequestRefused('no certificate authority is set up: PKI_AUTHORITY says which')
  },
  revocationList: async () => undefined,
}

/** The certificate authority that the settings name. Throws StartError that says which setting is missing or wrong. */
export const openAuthority = async (config: UpkeepConfig, now: () => number): Promise<CertificateAuthority> => {
  const timeoutMs = config.PKI_TIMEOUT
  const needed = (name: 'PKI_FOLDER' | 'PKI_EST_URL' | 'PKI_SCRIPT' | 'PKI_ROOTS_PATH'): string => {
    const value = config[name]
    if (value === undefined)
      throw new StartError(`PKI_AUTHORITY is ${config.PKI_AUTHORITY}, and ${name} is not set`, `set ${name}`)
    return value
  }
  const file = (name: keyof UpkeepConfig, path: string | undefined): Promise<string> | undefined =>
    path === undefined
      ? undefined
      : readFile(path, 'utf8').catch((error: Error) => {
          throw new StartError(`${name}: ${error.message}`, 'name a file that can be read', { cause: error })
        })
  switch (config.PKI_AUTHORITY) {
    case 'none':
      return noAuthority
    case 'folder':
      return openAuthorityFolder({
        folder: needed('PKI_FOLDER'),
        organisation: config.PKI_ORGANISATION,
        create: config.PKI_CREATE,
        days: config.PKI_DAYS,
        crlUrl: config.PKI_CRL_URL,
        now,
      }).catch((error: Error) => {
        throw new StartError(error.message, 'put its files there, or set PKI_CREATE=true to have it made', {
          cause: error,
        })
      })
    case 'est':
      return estAuthority({
        url: needed('PKI_EST_URL'),
        trust: await file('PKI_EST_TRUST_PATH', config.PKI_EST_TRUST_PATH),
        user: config.PKI_EST_USER,
        password: config.PKI_EST_PASSWORD,
        certificate: await file('PKI_EST_CERT_PATH', config.PKI_EST_CERT_PATH),
        key: await file('PKI_EST_KEY_PATH', config.PKI_EST_KEY_PATH),
        timeoutMs,
      })
    case 'script': {
      const roots = readCertificates((await file('PKI_ROOTS_PATH', needed('PKI_ROOTS_PATH'))) ?? '').map(certificatePem)
      return scriptAuthority({ command: needed('PKI_SCRIPT'), roots, timeoutMs })
    }
    default:
      return config.PKI_AUTHORITY satisfies never
  }
}
