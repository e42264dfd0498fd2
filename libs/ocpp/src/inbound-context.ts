/** What is known about the charger that a message came from. Vendor, model and firmware are there once it has booted. */
export type InboundContext = {
  tenant: string
  chargerId: string
  vendor?: string
  model?: string
  firmwareVersion?: string
  /** what a time without zone means at this charger: an IANA name or `+02:00` */
  zone?: string
}
