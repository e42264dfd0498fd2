import { credentialInText } from './device/transfer-credential.ts'
import { isSecretKey } from './secret-keys.ts'

// the user part ends at the last @ before the path: passwords with @ are common in ftp URLs. `\/` is how JSON may spell a slash
const userInfo = /([a-z][a-z0-9+.-]{1,20}:\\?\/\\?\/)([^\s/?#"'\\]*)@/gi
const url = /:\\?\/\\?\//
const parameter = /([?&]([^=&#\s"'?]{1,60})=)([^&#\s"'\\]+)/g
/** names of what signs a URL or stands for a login: the presigned URLs of object stores among them */
const signing = /^(?:x(?:amz|goog))?(?:sig|signature|securitytoken|token|auth|key)$/

const isSecretParameter = (name: string): boolean =>
  isSecretKey(name) || signing.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''))

/**
 * A text with whatever gives access taken out of its URLs: the user part; parameters that are keys, tokens or signatures; and the
 * credential of our own file service wherever it stands, also in a path and also when no URL is around it. `by` makes what stands
 * in the place of a secret, ready for a URL; when that is empty the user part goes with its `@`, and a path loses both its parts.
 */
export const replaceUrlSecrets = (text: string, by: (secret: string) => string): string => {
  const withoutUsers = !url.test(text)
    ? text
    : text
        .replace(userInfo, (_, scheme: string, user: string) => {
          if (user === '') return `${scheme}@`
          const put = by(user)
          return put === '' ? scheme : `${scheme}${put}@`
        })
        .replace(parameter, (all, head: string, name: string, value: string) =>
          isSecretParameter(name) ? head + by(value) : all,
        )
  return withoutUsers.replace(credentialInText, (credential) => by(credential))
}

/** Whether a text has such a URL: it must not be kept as it is. */
export const hasUrlSecret = (text: string): boolean => replaceUrlSecrets(text, () => '') !== text
