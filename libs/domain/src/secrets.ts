/** Configuration keys whose value is a secret: it is digested before anything is stored or published. */
const secretKey = /authorizationkey|password|passwd|passphrase|secret|apikey|credential|(^|[^a-z])(pwd|psk|pin|token)([^a-z]|$)/i

export const isSecretKey = (key: string): boolean => secretKey.test(key.replaceAll(/[\s_.-]/g, ''))
