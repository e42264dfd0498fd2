const secret =
  /password|passwd|passphrase|pwd|secret|authorizationkey|authkey|basicauth|apikey|privatekey|sharedkey|presharedkey|accesstoken|authtoken|bearertoken|refreshtoken|credential/
const exact = new Set([
  'psk',
  'wpapsk',
  'wifipsk',
  'pin',
  'simpin',
  'pincode',
  'puk',
  'wifikey',
  'wpakey',
  'pass',
  'bearer',
])

/** Whether a configuration key or field of this name holds a secret, in any spelling: `AuthorizationKey`, `wifi_password`. */
export const isSecretKey = (key: string): boolean => {
  const plain = key.toLowerCase().replace(/[^a-z0-9]/g, '')
  return secret.test(plain) || exact.has(plain)
}
