import { sleep } from '@voltrail/runtime/ticker'
import { download, upload } from './file-transfer.ts'
import type { Payload } from './payload.ts'

export type TransfersOptions = {
  readonly chargerId: string
  readonly firmware: string
  readonly now: () => Date
  /** What stands in an uploaded file. */
  readonly report: () => string
  readonly tell: (action: string, payload: Payload) => Promise<unknown>
  /** Resolves at once when no transaction runs, else when the last one has ended. */
  readonly idle: (stopped: AbortSignal) => Promise<boolean>
  readonly restart: () => void
  readonly stopped: AbortSignal
}

/** How often and how far apart a failed transfer is tried again (`retries`, `retryInterval` in seconds). */
export type Retrying = { readonly retries?: number | undefined; readonly retryInterval?: number | undefined }

export type LogRequest = Retrying & { readonly requestId: number; readonly location: string }

/** Firmware and diagnostics of one charger (OCPP 1.6 §4.4, §4.5): one of each at a time, told step by step. */
export class Transfers {
  readonly #options: TransfersOptions
  #firmware: string
  #firmwareStatus = 'Idle'
  #diagnosticsStatus = 'Idle'
  #updating: AbortController | undefined
  #count = 0

  constructor(options: TransfersOptions) {
    this.#options = options
    this.#firmware = options.firmware
  }

  /** The version that BootNotification tells. */
  get firmware(): string {
    return this.#firmware
  }

  /** FirmwareStatusNotification or DiagnosticsStatusNotification on request. */
  tellStatus(of: 'FirmwareStatusNotification' | 'DiagnosticsStatusNotification'): void {
    const running = of === 'FirmwareStatusNotification' ? this.#firmwareStatus : this.#diagnosticsStatus
    // OCPP 1.6 §4.4, §4.5: on request, anything but a transfer that goes on is Idle
    const status = ['Downloading', 'Downloaded', 'Installing', 'Uploading'].includes(running) ? running : 'Idle'
    void this.#options.tell(of, { status })
  }

  /** UpdateFirmware: fetches, waits until nobody charges, installs, restarts. A newer request takes the place of one that has not installed yet. */
  async update(location: string, retrieveAt: number, retrying: Retrying): Promise<void> {
    this.#updating?.abort()
    const updating = new AbortController()
    this.#updating = updating
    const stopped = AbortSignal.any([this.#options.stopped, updating.signal])
    const tell = async (status: string) => {
      this.#firmwareStatus = status
      await this.#options.tell('FirmwareStatusNotification', { status })
    }
    const waitMs = Math.max(0, retrieveAt - this.#options.now().getTime())
    if (waitMs > 0 && !(await sleep(waitMs, stopped))) return
    await tell('Downloading')
    const fetched = await this.#retried(retrying, stopped, () => download(location, stopped))
    if (stopped.aborted) return
    if (!fetched) return tell('DownloadFailed')
    await tell('Downloaded')
    if (!(await this.#options.idle(stopped))) return
    await tell('Installing')
    if (stopped.aborted) return
    this.#firmware = newVersion(location, this.#firmware)
    await tell('Installed')
    this.#options.restart()
  }

  /** GetDiagnostics: the name of the file, which is on its way afterwards. */
  diagnostics(location: string, retrying: Retrying): { readonly fileName: string; readonly after: () => void } {
    const fileName = this.#nextName('diagnostics')
    const tell = async (status: string) => {
      this.#diagnosticsStatus = status
      await this.#options.tell('DiagnosticsStatusNotification', { status })
    }
    const send = async () => {
      await tell('Uploading')
      await tell((await this.#upload(location, fileName, retrying)) ? 'Uploaded' : 'UploadFailed')
    }
    return { fileName, after: () => void send() }
  }

  /** GetLog of the security extension (edition 3, N01): as diagnostics, with the number of the request in every status. */
  log({ requestId, location, ...retrying }: LogRequest): { readonly fileName: string; readonly after: () => void } {
    const fileName = this.#nextName('log')
    const tell = (status: string) => this.#options.tell('LogStatusNotification', { status, requestId })
    const send = async () => {
      await tell('Uploading')
      await tell((await this.#upload(location, fileName, retrying)) ? 'Uploaded' : 'UploadFailure')
    }
    return { fileName, after: () => void send() }
  }

  #nextName(kind: string): string {
    this.#count += 1
    return `${this.#options.chargerId.replaceAll(/[^\w.-]/g, '_')}-${kind}-${this.#count}.txt`
  }

  #upload(location: string, fileName: string, retrying: Retrying): Promise<boolean> {
    const { stopped, report } = this.#options
    return this.#retried(retrying, stopped, () => upload(location, fileName, report(), stopped))
  }

  async #retried(
    { retries = 0, retryInterval = 10 }: Retrying,
    stopped: AbortSignal,
    transfer: () => Promise<unknown>,
  ): Promise<boolean> {
    for (let attempt = 0; attempt <= Math.min(retries, 10); attempt += 1) {
      if (attempt > 0 && !(await sleep(retryInterval * 1_000, stopped))) return false
      try {
        await transfer()
        return true
      } catch {
        // told as a status once all attempts have failed
        if (stopped.aborted) return false
      }
    }
    return false
  }
}

/** The version that a file's name tells; without one, the present version and one more. */
export function newVersion(location: string, present: string): string {
  const name = decodeURIComponent(new URL(location).pathname.split('/').at(-1) ?? '')
  const told = /v?\d+(?:\.\d+)+(?:-[a-z0-9]+)?/i.exec(name.replace(/\.(?:bin|fw|img|zip|tar|gz|hex)$/i, ''))?.[0]
  return told ?? present.replace(/\d+(?=\D*$)/, (last) => String(Number(last) + 1))
}
