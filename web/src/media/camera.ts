import type { Attachment } from "svelte/attachments";

/** Why there is no camera, by the name of the browser's error, and what to do. */
export function cameraErrorText(error: string): string {
  switch (error) {
    case "NotAllowedError":
      return "The camera was not allowed: allow it for this page in the browser's settings, or choose a photo instead.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No camera was found: connect one, or choose a photo instead.";
    case "NotReadableError":
      return "The camera is in use by another program: close that, or choose a photo instead.";
    case "insecure":
      return "The browser gives the camera only to pages opened through https or on this machine: choose a photo instead.";
    default:
      return `The camera could not be opened (${error}): choose a photo instead.`;
  }
}

/** Opens the camera, the one at the back where there are two; a sentence where there is none. */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Error(cameraErrorText("insecure"));
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } } }).catch((error: DOMException) => {
    throw new Error(cameraErrorText(error.name));
  });
}

export function stopCamera(stream: MediaStream | undefined): void {
  stream?.getTracks().forEach((track) => track.stop());
}

/** The camera's picture in a video, for as long as that is there; `failed` hears why there is none. */
export function showCamera(ready: () => void, failed: (error: unknown) => void): Attachment<HTMLVideoElement> {
  return (video) => {
    let stream: MediaStream | undefined;
    let over = false;
    const open = async () => {
      stream = await openCamera();
      if (over) return stopCamera(stream);
      video.srcObject = stream;
      await video.play();
      ready();
    };
    // What fails after the end, an unfinished start among it, concerns nobody.
    open().catch((error: unknown) => over || failed(error));
    return () => {
      over = true;
      stopCamera(stream);
    };
  };
}

/** Draws the video's present frame, made smaller where its shorter side exceeds `most` pixels; null while there is no frame. */
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
