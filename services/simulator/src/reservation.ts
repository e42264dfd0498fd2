/** A connector that is held for one tag, or for all tags of a group (OCPP 1.6 §5.13). */
export type Reservation = {
  readonly reservationId: number
  readonly idTag: string
  readonly parentIdTag?: string | undefined
  /** ms since 1970 */
  readonly until: number
}

/** Whether a reservation is for this tag, or for the group that the tag is known to belong to. */
export function isReservedFor({ idTag, parentIdTag }: Reservation, tag: string, group: string | undefined): boolean {
  const same = (other: string) => other.toUpperCase() === tag.toUpperCase()
  return same(idTag) || (parentIdTag !== undefined && parentIdTag.toUpperCase() === group?.toUpperCase())
}
