"""Does it matter for the image which seed a tracker was trained with?"""
