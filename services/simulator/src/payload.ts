/** A JSON object as it travels in a frame. */
export type Payload = Readonly<Record<string, unknown>>
