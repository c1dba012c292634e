"""What happens in the stories: twelve plots of five steps, each step a choice of sentences (see `storybook`)."""

from raystudy.training.corpora.storybook import Plot

PLOTS: tuple[Plot, ...] = (
    (  # something lost is found again
        (
            "{hero} had a {color} {toy}, and {he} took it with {him} to {place}.",
            "{His} {parent} had given {him} a {look} {color} {toy}.",
            "More than anything, {he} loved {his} {look} {toy}.",
        ),
        (
            "One {weather} {time}, the {toy} was gone!",
            "But one {time}, {he} looked in {his} bag and the {toy} was not there.",
            "Then {he} fell asleep, and when {he} woke up, {he} could not see the {toy}.",
        ),
        (
            '"Where is my {toy}?" {he} cried.',
            '"Oh no, I lost my {toy}!" said {hero}.',
            "{hero} looked here and {he} looked there, and {he} began to cry.",
        ),
        (
            '"Do not be sad," said {friend}. "We will look for it."',
            "{friend} heard {him} and came to help.",
            '{friend} said, "Two can see more than one. Let us look."',
        ),
        (
            "They looked near {place} for a long time, and there it was, {hiding}!",
            "{friend} looked {hiding}. There was the {color} {toy}!",
            "At last {hero} saw something {color} {hiding}. It was the {toy}!",
        ),
    ),
    (  # food is shared
        (
            "One {time}, {hero} had a big {food} for lunch.",
            "{His} {parent} gave {him} {number} pieces of {food} to take to {place}.",
            "It was {weather}, and {hero} sat down near {place} to eat a {food}.",
        ),
        (
            "{friend} sat down too, but {f_he} had nothing to eat.",
            "Then {friend} came by, and {f_his} tummy made a loud noise.",
            '"That smells good," said {friend}. "I forgot my lunch at home."',
        ),
        (
            "{hero} wanted to eat it all. Then {he} looked at {f_his} sad face.",
            "{hero} was very hungry, and for a moment {he} did not know what to do.",
            '"It is mine," {hero} thought. But that did not feel good.',
        ),
        (
            '"Here, you can have half," {he} said.',
            "So {he} cut the {food} in the middle and gave {friend} the bigger part.",
            '"Let us share the {food}," said {hero}, and {he} made room for {friend}.',
        ),
        (
            '{friend} was so glad. "Thank you, {hero}! Tomorrow I will bring a cake for you."',
            "They ate together and told each other funny stories.",
            "The {food} was small, but it had never tasted so good.",
        ),
    ),
    (  # a noise in the night
        (
            "One night, {hero} lay in bed and heard {sound}.",
            "It was dark and {weather} outside when {hero} heard {sound}.",
            "{hero} could not sleep, because there was {sound} again and again.",
        ),
        (
            '"Is it a monster?" {he} thought, and {he} hid under the blanket.',
            "{He} was so scared that {he} held {his} {toy} very tight.",
            '"Who is there?" {he} asked, but nobody said a word.',
        ),
        (
            "{He} called {his} {parent}, who came with a lamp.",
            "{hero} took {his} {parent} by the hand, and they went to look.",
            '"Come," said {his} {parent}. "We will look at it together."',
        ),
        (
            "They opened the door and found {cause}.",
            "It was no monster at all. It was only {cause}!",
            "And what did they see? It was {cause}!",
        ),
        (
            "{hero} laughed and laughed. In the morning {he} told {friend} all about it.",
            '"I am not scared any more," said {hero}, and soon {he} was asleep.',
            '{His} {parent} gave {him} a hug. "Now you know," {parent} said, and {hero} slept well.',
        ),
    ),
    (  # something is stuck in a tree
        (
            "{hero} and {friend} played with a {color} {toy} near {place}.",
            "One {weather} {time}, {hero} threw {his} {color} {toy} up, up, up into the air.",
            "The two friends went to {place} with a {look} {toy}.",
        ),
        (
            "The wind took the {toy} and put it high in a tree.",
            "It did not come down again. It was stuck in the top of a tree!",
            "Oh no! The {toy} was stuck on a branch, and nobody could reach it.",
        ),
        (
            "{hero} jumped {number} times, but {he} was too small.",
            "{hero} tried to climb the tree, but it was too high.",
            "{friend} shook the tree, but the {toy} stayed where it was.",
        ),
        (
            'Then {friend} had an idea. "We need {tool}," {f_he} said.',
            'A {animal} saw them. "Why do you not take {tool}?" it asked.',
            "{hero} ran home and asked {his} {parent} for {tool}.",
        ),
        (
            "They worked together, and with a soft plop the {toy} fell down.",
            "{hero} held on, {friend} pushed, and down came the {toy}!",
            '"Hurray!" they cried when the {toy} was free again.',
        ),
    ),
    (  # a present
        (
            "Soon it was {friend}'s birthday, and {hero} wanted to give {f_him} a present.",
            '"Tomorrow is {friend}\'s birthday," said {hero}. "I will make a {toy} for {f_him}."',
            "{hero} wanted to make {friend} happy, so {he} began to make a {color} {toy}.",
        ),
        (
            "{He} worked all {time} and used a lot of {color} paint.",
            "{He} had {number} pieces of wood and some glue.",
            "{He} cut and glued and painted until {his} hands were {color}.",
        ),
        (
            "But when {he} was done, the {toy} fell down and broke.",
            "But the {toy} did not look like a {toy} at all. It looked like a {food}!",
            "Then a {animal} walked over it, and now it had a hole.",
        ),
        (
            '"It is not good," {hero} said to {his} {parent}, and a tear ran down {his} nose.',
            '{His} {parent} said, "A present comes from the heart. {friend} will see that."',
            "{He} wanted to hide it {hiding}, but {his} {parent} helped {him} to mend it.",
        ),
        (
            '{friend} opened the box. "You made it for me? I love it!" {f_he} said.',
            "When {friend} saw the {toy}, {f_he} gave {hero} a very long hug.",
            '"This is the best {toy} of all," said {friend}, and {f_he} kept it next to {f_his} bed.',
        ),
    ),
    (  # a race
        (
            "One {weather} {time}, there was a race to {place}.",
            '"Let us run to {place}," said {friend}. "Who is first gets a {food}!"',
            "All the animals and children came to {place} for the big race.",
        ),
        (
            "{hero} was fast, and {he} was soon in front of everyone.",
            "One, two, three, go! {hero} ran as fast as the wind.",
            "{hero} wanted to win so much that {he} did not look left or right.",
        ),
        (
            "Then {he} heard a cry. {friend} had hurt {f_his} foot.",
            "But {friend} fell over a stone, and {f_he} could not get up.",
            "Near {place} a little {animal} sat in the mud and could not get out.",
        ),
        (
            "{hero} stopped. The others ran past {him}, but {he} went back to help.",
            '"Winning can wait," said {hero}, and {he} turned around.',
            "{hero} thought of the {food}. Then {he} ran back as fast as {he} could.",
        ),
        (
            "They were last, but everyone cheered for {hero}.",
            '"You did not win the race, but you won my heart," said {his} {parent}.',
            "In the end they all shared the {food}, and nobody cared who was first.",
        ),
    ),
    (  # rain spoils a plan
        (
            "{hero} and {friend} wanted to go to {place} and play with the {color} {toy}.",
            "All week {hero} had waited for this {time}. They would go to {place}!",
            "{hero} packed a {food} and a {toy}, because it was a day for {place}.",
        ),
        (
            "But then dark clouds came, and it began to rain.",
            "Drip, drop, drip! It rained so hard that the street became a river.",
            "But when they opened the door, it rained and rained.",
        ),
        (
            '"Now the day is bad," said {hero}, and {he} sat down on the floor.',
            '"I do not like rain!" {hero} said to the window.',
            "{hero} looked out of the window and was very sad.",
        ),
        (
            '"We can have {place} in here," said {friend}. {f_He} put a {color} blanket on the floor.',
            "{His} {parent} gave them {number} old boxes. They made a {color} ship out of them.",
            '"Rain is fun too," said {friend}. They put on boots and jumped into {number} puddles.',
        ),
        (
            "They played until it was dark, and nobody thought of the rain any more.",
            '"I hope it rains tomorrow too," said {hero}, and they laughed.',
            "Then the sun came out, but they were too busy to see it.",
        ),
    ),
    (  # a lost baby animal
        (
            "On the way to {place}, {hero} saw a little {baby}.",
            "One {weather} {time}, there was a small {baby} {hiding}.",
            "{hero} and {friend} heard a tiny voice near {place}. It was a {baby}.",
        ),
        (
            '"I cannot find my mother," said the {baby}.',
            "The {baby} was all alone, and it was cold.",
            "It shook and cried, because it did not know the way home.",
        ),
        (
            '"Do not cry," said {hero}. "We will take you home."',
            "{hero} put {his} {color} scarf around the {baby} and held it.",
            "{friend} gave the {baby} a bit of {food}, and it stopped crying.",
        ),
        (
            'They asked a {animal}. "I saw its mother near {place}," it said.',
            "They walked past {place}, over the hill and {number} times around the lake.",
            "{hero} called and {friend} listened. Far away, somebody called back.",
        ),
        (
            "There was the mother! The {baby} ran to her as fast as it could.",
            '"Thank you for my baby," said the mother. "You are good friends."',
            "The mother was so happy that she danced, and the {baby} danced with her.",
        ),
    ),
    (  # something breaks, and the truth is told
        (
            "One {time}, {hero} played with {his} {toy} in the house.",
            "{hero} threw the {color} {toy} to {friend}, right in the kitchen.",
            '"No games in the house," said {his} {parent}. But {hero} forgot.',
        ),
        (
            "Crash! The {color} {breakable} was broken.",
            "The {toy} hit the {breakable}, and it fell into {number} pieces.",
            "There was a loud bang, and the {look} {breakable} was gone.",
        ),
        (
            "{hero} hid the pieces {hiding}. But {his} heart felt heavy.",
            '"I can say that a {animal} did it," {hero} thought. But that was not true.',
            '"What now?" asked {friend}. {hero} wanted to run away.',
        ),
        (
            'Then {he} went to {his} {parent} and said, "I broke the {breakable}. I am sorry."',
            '"You must tell the truth," said {friend}, and {hero} did.',
            "In the evening {he} told {his} {parent} what had happened.",
        ),
        (
            '{His} {parent} was quiet. "Thank you for the truth," {parent} said. "We can mend it."',
            "They glued the {breakable} together. It was not the same, but {hero} felt light again.",
            '"A {breakable} is only a thing," said {his} {parent}, and they picked up the pieces together.',
        ),
    ),
    (  # something is learned
        (
            "{hero} wanted to learn how to {skill}.",
            "{friend} could {skill}, but {hero} could not.",
            'One {weather} {time}, {hero} said, "Today I will {skill}!"',
        ),
        (
            "{He} tried once. {He} tried {number} times. It did not work.",
            "The first time, {he} fell on {his} nose.",
            "It looked so easy, but it was very hard.",
        ),
        (
            '"I will never do it," {hero} said, and {he} threw {his} hat on the ground.',
            "A {animal} saw it and laughed. {hero} went red.",
            "{hero} wanted to stop and go home.",
        ),
        (
            '"I fell many times too," said {friend}. "Try again, and go slow."',
            '{His} {parent} said, "Nobody can do it on the first day. Do it a little every {time}."',
            "{friend} showed {him} again, step by step, near {place}.",
        ),
        (
            "And one {time}, it worked! {hero} could {skill}!",
            'The next week {he} called, "Look at me! I can {skill}!"',
            "Now {he} could {skill}, and soon {he} showed a little {baby} how to do it.",
        ),
    ),
    (  # too much of a good thing
        (
            "{His} {parent} made {number} trays of {food} for the feast at {place}.",
            "There was a big {food} on the table, and it smelled so good.",
            '"One {food} for each of us," said {his} {parent}.',
        ),
        (
            "{hero} took one. Then {he} took one more, and one more.",
            "When nobody looked, {hero} ate and ate.",
            '"Only a little bit," {hero} thought. But {he} could not stop.',
        ),
        (
            "Soon there was nothing left for {friend}.",
            "Then {his} tummy began to hurt.",
            '"Oh, oh," said {hero}. {He} was as round as a ball.',
        ),
        (
            '{friend} came in. "Where is my {food}?" {f_he} asked.',
            '"Who ate all of it?" asked {his} {parent}, but {he} could see it on {his} face.',
            "{hero} looked at the floor. {He} was very sorry.",
        ),
        (
            "The next day {hero} brought a new {food}, and {he} gave all of it to {friend}.",
            '"Next time I will ask," said {hero}, and {his} {parent} gave {him} some tea.',
            "{friend} was not angry for long. They cleaned the table and went to {place}.",
        ),
    ),
    (  # a seed grows
        (
            "{friend} gave {hero} a tiny {color} seed.",
            "One {weather} {time}, {hero} found a seed near {place}.",
            '{His} {parent} said, "Put this seed into the ground, and wait."',
        ),
        (
            "{hero} put it into the ground and gave it water.",
            "{He} dug a small hole, put the seed in it, and said good night to it.",
            "{hero} and {friend} put it next to the house, where it was warm.",
        ),
        (
            "{He} waited one day. {He} waited {number} days. Nothing came.",
            '"It is asleep," said {hero}. "Or is it dead?"',
            "Every {time} {he} looked, but there was only brown earth.",
        ),
        (
            '"Good things need time," said {friend}.',
            "A {animal} wanted to eat the seed, but {hero} sent it away with {tool}.",
            "{hero} did not stop. {He} gave it water when it was hot and sang a song when it was cold.",
        ),
        (
            "Then, one {weather} {time}, there was a big {color} {plant}!",
            "At last a green tip came out, and soon it was a {plant}, taller than {hero}.",
            "And it grew and grew, and it became the most beautiful {plant} near {place}.",
        ),
    ),
)
