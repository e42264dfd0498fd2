import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { builtInAuthority, createAuthority, type AuthorityTerms, type BuiltInAuthority } from './built-in-authority.ts'
import { keySigner, newKey, type KeyKind } from './signer.ts'

const files = {
  rootKey: 'root-key.pem',
  root: 'root.pem',
  issuingKey: 'issuing-key.pem',
  issuing: 'issuing.pem',
} as const

export interface AuthorityFolder extends AuthorityTerms {
  readonly folder: string
  readonly organisation: string
  readonly kind?: KeyKind
  /** whether an authority is made when the folder is not there */
  readonly create: boolean
}

/**
 * Opens the authority whose keys and certificates lie in a folder (`issuing-key.pem`, `issuing.pem`, `root.pem`; the root's own key
 * `root-key.pem` is not needed to sign and may be kept elsewhere). Makes it at the first start, readable by its owner alone.
 * Throws an Error that names the file which is missing or does not fit.
 */
export const openAuthorityFolder = async (options: AuthorityFolder): Promise<BuiltInAuthority> => {
  const { folder } = options
  if (options.create) await makeOnce(options)
  const read = async (name: string): Promise<string> =>
    readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      throw new Error(`the certificate authority needs ${join(folder, name)}: ${(error as Error).message}`)
    })
  const [root, issuing, key] = await Promise.all([read(files.root), read(files.issuing), read(files.issuingKey)])
  try {
    return builtInAuthority({ root, issuing }, keySigner(key), options)
  } catch (error) {
    throw new Error(`the certificate authority in ${folder} cannot be used: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Made whole in a folder beside it, then renamed: two that start at once, or a crash, never leave half an authority. */
const makeOnce = async ({ folder, organisation, kind = 'ECDSA', now }: AuthorityFolder): Promise<void> => {
  const there = await readFile(join(folder, files.issuing)).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    },
  )
  if (there) return
  const [rootKey, issuingKey] = await Promise.all([newKey(kind), newKey(kind)])
  const signers = { root: keySigner(rootKey), issuing: keySigner(issuingKey) }
  const { root, issuing } = await createAuthority(organisation, signers, now())
  await mkdir(dirname(folder), { recursive: true })
  const beside = await mkdtemp(`${folder}.new-`)
  const contents = {
    [files.rootKey]: rootKey,
    [files.root]: root,
    [files.issuingKey]: issuingKey,
    [files.issuing]: issuing,
  }
  for (const [name, text] of Object.entries(contents)) await writeFile(join(beside, name), text, { mode: 0o600 })
  await rename(beside, folder).catch(async (error: unknown) => {
    await rm(beside, { recursive: true, force: true })
    // another process was first: its authority holds
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  })
}
