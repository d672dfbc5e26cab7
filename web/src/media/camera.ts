import type { Attachment } from "svelte/attachments";
import { messageError, type MessageError } from "../errors/message";

/** Why there is no camera and what to do, by the name of the browser's error. */
function cameraError(name: string): MessageError {
  switch (name) {
    case "NotAllowedError":
      return messageError("ui.mediaCameraNotAllowed");
    case "NotFoundError":
    case "OverconstrainedError":
      return messageError("ui.mediaCameraNotFound");
    case "NotReadableError":
      return messageError("ui.mediaCameraInUse");
    default:
      return messageError("ui.mediaCameraFailed", { reason: name });
  }
}

/** Opens the camera, the back one if there are two. Rejects with a {@link MessageError} if there is none. */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw messageError("ui.mediaCameraInsecure");
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } } }).catch((error: DOMException) => {
    throw cameraError(error.name);
  });
}

export function stopCamera(stream: MediaStream | undefined): void {
  stream?.getTracks().forEach((track) => track.stop());
}

/** Closes the camera that is on: there is one at a time. */
let closeOther: (() => void) | undefined;

/**
 * Shows the camera in a video element while that exists. Calls `failed` if the camera cannot be opened or is unplugged, and
 * `close` if another camera is opened on the page.
 */
export function showCamera(ready: () => void, failed: (error: unknown) => void, close: () => void): Attachment<HTMLVideoElement> {
  return (video) => {
    let stream: MediaStream | undefined;
    let over = false;
    closeOther?.();
    closeOther = close;
    const open = async () => {
      stream = await openCamera();
      if (over) return stopCamera(stream);
      // A stopped track does not fire this, an unplugged camera's does.
      for (const track of stream.getTracks()) track.addEventListener("ended", () => over || failed(messageError("ui.mediaCameraEnded")));
      video.srcObject = stream;
      await video.play();
      if (over) return;
      ready();
    };
    // Errors after the video was removed do not matter.
    open().catch((error: unknown) => over || failed(error));
    return () => {
      over = true;
      stopCamera(stream);
      if (closeOther === close) closeOther = undefined;
    };
  };
}

/** Draws the current frame, scaled down so that its shorter side is at most `most` pixels; null while there is no frame. */
export function drawFrame(video: HTMLVideoElement, canvas: HTMLCanvasElement, most: number): CanvasRenderingContext2D | null {
  const { videoWidth, videoHeight } = video;
  if (videoWidth === 0) return null;
  const scale = Math.min(1, most / Math.min(videoWidth, videoHeight));
  canvas.width = Math.round(videoWidth * scale);
  canvas.height = Math.round(videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return context;
}
