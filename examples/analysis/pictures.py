"""Pictures: drawn, changed, measured with numpy, written as PNG and JPEG.

Run: sandcell run --image data examples/analysis/pictures.py
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

picture = Image.new("RGB", (320, 200), "white")
draw = ImageDraw.Draw(picture)
draw.ellipse((60, 40, 160, 140), fill="red")
draw.rectangle((180, 60, 280, 160), outline="blue", width=4)
draw.text((10, 10), "two shapes")
picture.save("shapes.png")

blurred = picture.filter(ImageFilter.GaussianBlur(4)).resize((160, 100))
blurred.save("shapes.jpg", quality=85)
pixels = np.asarray(picture, dtype=float)
red = (pixels[..., 0] > 200) & (pixels[..., 1] < 50)
print(f"red: {red.mean():.1%} of the picture")
print("means:", pixels.mean(axis=(0, 1)).round(1))
assert 0.1 < red.mean() < 0.15
