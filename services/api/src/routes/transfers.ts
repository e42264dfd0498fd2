import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import type { TransferKind } from '@voltrail/contracts/events/device'
import type { ChargerId, CommandId, ImageName } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { CommandHeaders } from '@voltrail/contracts/rest/commands'
import {
  FirmwareBody,
  LogBody,
  type ProtocolFrom,
  TransferAnswer,
  TransferList,
  TransferParams,
  TransferView,
} from '@voltrail/contracts/rest/transfers'
import { describeHabits, ownLocation, type FileHabits } from '@voltrail/domain/device/file-addresses'
import { replaceUrlSecrets } from '@voltrail/domain/url-secrets'
import { transferRequestId } from '@voltrail/domain/device/transfer-request'
import { readCharger, readDevice } from '../charger-device.ts'
import { readFileHabits } from '../file-habits.ts'
import { namedImage, refuseOtherMake } from '../firmware-image.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { decide, problems, withoutBody } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import { answerOf, commandIdOf, sendCommand } from '../send-command.ts'
import type { Sources } from '../sources.ts'
import { transferView } from '../transfer-view.ts'

const tags = ['Firmware and logs']
const minute = 60_000

export function transferRoutes(app: Routes, sources: Sources): void {
  /** Begins the transfer in the log, then asks the charger; the location is made here, and its credential is kept nowhere. */
  const transfer = async (asked: {
    readonly chargerId: ChargerId
    readonly commandId: CommandId
    readonly kind: TransferKind
    readonly location: string | undefined
    readonly fileName: string | undefined
    readonly expiresAt: number
    readonly targetVersion?: string | undefined
    readonly image?: ImageName | undefined
    readonly command: (requestId: number, location: string) => ChargerCommand
  }) => {
    const { chargerId, commandId, kind, location: given, fileName, expiresAt, targetVersion, image, command } = asked
    const charger = await readCharger(sources, chargerId)
    const { identity } = charger
    const requestId = transferRequestId(commandId)
    const made =
      given === undefined ? await own({ chargerId, requestId, kind, expiresAt, fileName }, charger) : undefined
    const location = given ?? made?.location ?? ''
    await decide(sources, {
      type: 'BeginTransfer',
      chargerId,
      requestId,
      kind,
      expiresAt: instant(expiresAt),
      ...(targetVersion === undefined ? {} : { targetVersion }),
      ...(image === undefined ? {} : { image }),
      location: replaceUrlSecrets(location, () => ''),
      ...(identity?.firmwareVersion === undefined ? {} : { versionBefore: identity.firmwareVersion.slice(0, 50) }),
    })
    const reply = await sendCommand(sources, {
      commandId,
      chargerId,
      command: command(requestId, location),
      timeoutMs: undefined,
    })
    return {
      requestId,
      protocol: location.slice(0, location.indexOf(':')).toLowerCase(),
      protocolFrom: made?.protocolFrom ?? 'your location',
      command: answerOf(reply),
    } as const
  }

  const own = async (
    request: {
      readonly chargerId: ChargerId
      readonly requestId: number
      readonly kind: TransferKind
      readonly expiresAt: number
      readonly fileName: string | undefined
    },
    charger: ChargerState,
  ): Promise<{ readonly location: string; readonly protocolFrom: ProtocolFrom }> => {
    const { files, tenant } = sources
    if (files === undefined)
      throw new ApiProblem('refused', 'No file service is set up (FILES_URLS and FILES_KEY): give a location.')
    const habits = await readFileHabits(sources, request.chargerId, charger)
    const { fileName, ...rest } = request
    try {
      const made = ownLocation(files, { ...rest, tenant, ...(fileName === undefined ? {} : { fileName }) }, habits)
      if (made !== undefined) return { location: made, protocolFrom: protocolFrom(habits) }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new ApiProblem('refused', `${error.message}.`)
    }
    const spoken = files.addresses.map(({ protocol }) => protocol).join(', ')
    throw new ApiProblem(
      'refused',
      `The charger speaks ${describeHabits(habits)} and our file service ${spoken}: give a location of your own, or see the charger’s settings.`,
    )
  }

  app.route({
    method: 'POST',
    url: '/chargers/:id/logs',
    schema: {
      tags,
      operationId: 'requestLog',
      summary: 'Have a charger upload its diagnostics or its security log',
      description:
        'To our own file service, by the protocol of the charger’s settings (`fileProtocol`), else the first that it says it speaks, or to a location of your own. ' +
        'Without a body: the diagnostics log, to us. An older request of the same kind is superseded. An `Idempotency-Key` makes a repeated request the same one.',
      params: ChargerParams,
      headers: CommandHeaders,
      body: LogBody.prefault({}),
      response: { 202: TransferAnswer, ...problems(400, 404, 413, 415, 422) },
    },
    validatorCompiler: withoutBody as never,
    handler: async ({ params, headers, body }, reply) => {
      const { log, from, until, location, fileName, expiresInMinutes } = body
      const answer = await transfer({
        chargerId: params.id,
        commandId: commandIdOf(sources, params.id, headers['idempotency-key'], { GetLog: body }),
        kind: log,
        location,
        fileName,
        expiresAt: sources.now() + expiresInMinutes * minute,
        command: (requestId, where) => ({
          type: 'GetLog',
          requestId,
          log,
          location: where,
          ...(from === undefined ? {} : { from: instant(Date.parse(from)) }),
          ...(until === undefined ? {} : { until: instant(Date.parse(until)) }),
        }),
      })
      return reply.code(202).send(answer)
    },
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/firmware',
    schema: {
      tags,
      operationId: 'updateFirmware',
      summary: 'Have a charger update its firmware',
      description:
        'Done when a later boot reports the version (any other than now where none is named); `Installed` alone is no success. ' +
        'Never sent again by itself. With `signature` and `signingCertificate` it is the signed update of the security extension.',
      params: ChargerParams,
      headers: CommandHeaders,
      body: FirmwareBody,
      response: { 202: TransferAnswer, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, headers, body }, reply) => {
      const { location, retrieveAt, expiresInMinutes, force } = body
      const firmware = await namedImage(sources, body)
      const { image, version, signed } = firmware
      const { identity } = await readCharger(sources, params.id)
      if (force !== true) refuseOtherMake(firmware, [{ chargerId: params.id, ...identity }])
      const now = sources.now()
      const retrieve = retrieveAt === undefined ? now : Date.parse(retrieveAt)
      const answer = await transfer({
        chargerId: params.id,
        commandId: commandIdOf(sources, params.id, headers['idempotency-key'], { UpdateFirmware: body }),
        kind: 'Firmware',
        location,
        fileName: image,
        image,
        // its time begins when it may be fetched
        expiresAt: Math.max(now, retrieve) + expiresInMinutes * minute,
        targetVersion: version,
        command: (requestId, where) => ({
          type: 'UpdateFirmware',
          requestId,
          location: where,
          retrieveAt: instant(retrieve),
          ...signed,
        }),
      })
      return reply.code(202).send(answer)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/chargers/:id/transfers/:requestId',
    schema: {
      tags,
      operationId: 'cancelTransfer',
      summary: 'Give up a firmware update or a log that goes on',
      description:
        'Recorded with who did it. Nothing is sent to the charger, which may go on all the same: what it still says of it is recorded. ' +
        'Its credential ends. One that has ended stays as it ended.',
      params: TransferParams,
      response: { 200: TransferView, ...problems(400, 404) },
    },
    handler: async ({ params: { id, requestId } }) => {
      const charger = await readCharger(sources, id)
      await decide(sources, { type: 'CancelTransfer', chargerId: id, requestId })
      const { transfers = [], endedTransfers = [] } = await readDevice(sources, id)
      const known = [...transfers, ...endedTransfers].find((one) => one.requestId === requestId)
      if (known === undefined) throw notFound(`Request ${requestId} ended so long ago that it is not kept any more.`)
      return transferView(known, charger)
    },
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/transfers',
    schema: {
      tags,
      operationId: 'listTransfers',
      summary: 'The firmware updates and logs of a charger, and what became of them',
      params: ChargerParams,
      response: { 200: TransferList, ...problems(404) },
    },
    handler: async ({ params }) => {
      const charger = await readCharger(sources, params.id)
      const { transfers = [], endedTransfers = [] } = await readDevice(sources, params.id)
      return {
        items: [...transfers, ...endedTransfers]
          .map((one) => transferView(one, charger))
          .toSorted((a, b) => (a.begunAt === b.begunAt ? 0 : a.begunAt < b.begunAt ? 1 : -1)),
      }
    },
  })
}

const protocolFrom = ({
  protocol,
  supported,
  ofMake,
  unheard,
}: FileHabits & { readonly unheard: boolean }): ProtocolFrom => {
  if (protocol !== undefined) return 'settings'
  if (supported !== undefined && supported !== '') return 'charger'
  if (ofMake !== undefined) return 'make'
  return unheard ? 'not known yet' : 'not told'
}
